// Print the packages installed in a folder, one per line with its hash; nested packages with their path.
import { readFileSync } from "node:fs";

const { packages } = JSON.parse(readFileSync(`${process.argv[2]}/node_modules/.package-lock.json`));
const lines = Object.entries(packages).map(
  ([path, { version, integrity }]) => `${path.replace("node_modules/", "")}@${version} ${integrity}`,
);
console.log(lines.sort().join("\n"));

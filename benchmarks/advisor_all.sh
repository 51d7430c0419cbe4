#!/bin/sh
# Everything of the data-set advisor and the search lab, from the table to the figures; resumable at every step.
# CPU minutes on one core, about: table 20, advisor 1, metad2a 12, search-lab 5, fisher 3, naswot 4, leaning 1.
set -e
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
export OMP_NUM_THREADS=1
$python -m benchmarks.measured_table --architectures "${1:-60}"
$python -m benchmarks.measured_table --write
rm -f activedints/nas/advisor/advisor.safetensors activedints/nas/advisor/advisor.json
$python -m activedints metad2a train --out activedints/nas/advisor/advisor
for name in metad2a search-lab fisher naswot; do
    $python -m activedints bench $name --json > /dev/null
done
# Against the DiNTS networks that `activedints bench dints-rank --table 1` measures (hours), where it has.
if [ -f data/dints_benchmark.json ]; then
    $python -m activedints bench leaning --json > /dev/null
fi

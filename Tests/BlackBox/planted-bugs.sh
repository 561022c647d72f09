#!/usr/bin/env bash
# Every bug that can be planted is found by the simulator at its seed, and by the rule that Tests/Planted/seeds.txt names; the
# same seed without the bug passes. In a build of its own: the program that others use plants nothing.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

options=(-c release --traits PlantedBugs --scratch-path .build/planted --product toystore-sim)
swift build "${options[@]}" || exit 1
"$(swift build "${options[@]}" --show-bin-path)/toystore-sim" planted --check Tests/Planted/seeds.txt

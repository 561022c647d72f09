#!/usr/bin/env bash
# One seed is one run: debug and release builds, and processes whose sets and dictionaries are in another order, have one
# trace hash.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

debug=$(swift build --show-bin-path)/toystore-sim
release=$(swift build -c release --show-bin-path)/toystore-sim
for program in "$debug" "$release"; do
    if [[ ! -x $program ]]; then
        echo "there is no $program: build it first (swift build; swift build -c release --product toystore-sim)" >&2
        exit 1
    fi
done

# hash PROGRAM SEED: the trace hash of a short run.
hash() {
    "$1" run --seed "$2" --seconds 10 | sed -n 's/.*, trace \([0-9a-f]*\)$/\1/p'
}

failed=0
for seed in 6 7 8; do
    first=$(hash "$release" "$seed")
    for other in "$(hash "$release" "$seed")" "$(hash "$debug" "$seed")" \
        "$(SWIFT_DETERMINISTIC_HASHING=1 hash "$release" "$seed")"; do
        if [[ -z $first || $first != "$other" ]]; then
            echo "FAILED: seed $seed has the trace hashes '$first' and '$other'" >&2
            failed=1
        fi
    done
done
((failed)) || echo "one seed is one run in debug and release, whatever the order of sets and dictionaries"
exit "$failed"

#!/usr/bin/env bash
# The README's examples are the tests' own code, and its links lead somewhere.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

# What stands in the README behind `<!-- example: NAME -->`.
shown() {
    awk -v name="$1" '
        $0 == "<!-- example: " name " -->" { wanted = 1; next }
        wanted && /^```/ { if (inside) exit; inside = 1; next }
        inside { print }' README.md
}

# What stands in a test between `// README: NAME` and `// end`, without its indentation.
tested() {
    cat Tests/ExamplesTests/*.swift | awk -v name="$1" '
        $1 == "//" && $2 == "README:" && $3 == name { inside = 1; next }
        inside && /^ *\/\/ end$/ { exit }
        inside { sub(/^        /, ""); print }'
}

failed=0
names=$(sed -n 's/^<!-- example: \(.*\) -->$/\1/p' README.md)
[[ -n $names ]] || { echo "FAILED: the README has no examples" >&2; exit 1; }
for name in $names; do
    if [[ -z $(tested "$name") ]]; then
        echo "FAILED: there is no test of the README's example $name" >&2
        failed=1
    elif ! diff <(shown "$name") <(tested "$name"); then
        echo "FAILED: the README's example $name (<) is not what is tested (>)" >&2
        failed=1
    fi
done
while read -r link; do
    if [[ ! -e $link ]]; then
        echo "FAILED: the README links to $link, which is not there" >&2
        failed=1
    fi
done < <(grep -o '](\([^)#]*\))' README.md | sed 's/^](//; s/)$//' | grep -v '^http' | sort -u)
((failed)) || echo "the README's examples are tested, and its links lead somewhere"
exit "$failed"

#!/usr/bin/env bash
# A node that cannot start says why in a sentence, and ends with an error.
source "$(dirname "${BASH_SOURCE[0]}")/lib/nodes.sh"

# refused WHAT PATTERN ARGUMENT…: a start that must end with an error and these words.
refused() {
    local what=$1 pattern=$2
    shift 2
    start refused "$@"
    ends "$pid" 20
    ((status != 0)) || fail "$what: the node ended with 0" "$folder/refused.log"
    grep -qiE "$pattern" "$folder/refused.log" || fail "$what: no word of \"$pattern\"" "$folder/refused.log"
    ! grep -q '^ready ' "$folder/refused.log" || fail "$what: the node said that it is ready" "$folder/refused.log"
    ! grep -qE 'Fatal error|Crash|Illegal instruction' "$folder/refused.log" || fail "$what: it crashed" "$folder/refused.log"
    echo "refused, and said why: $what"
}

new_port
first=$port
start first --port "$first" --data-dir "$folder/first"
first_pid=$pid
says first '^ready ' 30

new_port
refused "a port in use" "$first.*(in use|taken)|(in use|taken).*$first" --port "$first" --data-dir "$folder/other"
refused "a data directory in use" "in use" --port "$port" --data-dir "$folder/first"
: >"$folder/file"
refused "a data directory under a file" "$folder/file" --port "$port" --data-dir "$folder/file/data"
if ((EUID != 0)); then
    mkdir "$folder/closed"
    chmod a-w "$folder/closed"
    refused "a data directory that cannot be written" "$folder/closed" --port "$port" --data-dir "$folder/closed/data"
elif [[ -d /proc/self ]]; then
    # Nobody may make a folder there, root no more than others.
    refused "a data directory that cannot be written" "/proc/toystore" --port "$port" --data-dir /proc/toystore
fi
refused "an unknown flag" "prot" --prot 7400
refused "a port out of range" "70000" --port 70000 --data-dir "$folder/other"
refused "a cluster of another name" "belongs to the cluster \"toystore\"" \
    --port "$port" --data-dir "$folder/other" --cluster elsewhere --seed "127.0.0.1:$first"
refused "another number of partitions" "1024 partitions.*--partitions" \
    --port "$port" --data-dir "$folder/other" --partitions 64 --seed "127.0.0.1:$first"

kill -0 "$first_pid" 2>/dev/null || fail "the running node has ended meanwhile" "$folder/first.log"
kill -TERM "$first_pid"
ends "$first_pid" 10
((status == 0)) || fail "the running node ended with $status at SIGTERM" "$folder/first.log"

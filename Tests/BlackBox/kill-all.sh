#!/usr/bin/env bash
# Three nodes take writes over HTTP, all are killed with -9 at once, and start again: every acknowledged write is there,
# through each node. At the end each one stops at SIGTERM within 10 s, with exit code 0.
source "$(dirname "${BASH_SOURCE[0]}")/lib/nodes.sh"
command -v curl >/dev/null || fail "curl is missing: install it"

ports=()
for index in 1 2 3; do
    new_port
    ports[index]=$port
done
pids=()
start_all() {
    local index seed
    for index in 1 2 3; do
        seed=()
        ((index > 1)) && seed=(--seed "127.0.0.1:${ports[1]}")
        start "node$index" --port "${ports[index]}" --data-dir "$folder/node$index" ${seed[@]+"${seed[@]}"}
        pids[index]=$pid
        # The data of the first run has them join one after another.
        [[ ${1-} == "" ]] && says "node$index" '^ready ' 60
    done
    for index in 1 2 3; do says "node$index" '^ready ' 60; done
}
start_all

# One writer for each node; a key is written down when its write was acknowledged, and not before. Each value ends with
# no newline, and curl runs for many keys at a time, since a process for each would be all that is measured.
writer() {
    local index=$1 round=0 key
    while ((round < 200)); do
        {
            for ((key = round * 20; key < round * 20 + 20; key++)); do
                ((key % 20)) && echo next
                echo "url = \"http://127.0.0.1:$((ports[index] + 1))/v1/kv/key-$index-$key\""
                echo "request = PUT"
                echo "data-binary = \"value $index $key\""
                echo "output = /dev/null"
                echo "write-out = \"%{http_code} $index $key\\n\""
            done
        } | curl -s -K - | sed -n 's/^204 //p' >>"$folder/acknowledged.$index"
        ((++round))
    done
}
writers=()
for index in 1 2 3; do
    : >"$folder/acknowledged.$index"
    writer "$index" 2>/dev/null &
    writers+=($!)
    started+=($!)
done
deadline=$((SECONDS + 60))
until (($(cat "$folder"/acknowledged.* | wc -l) >= 600)); do
    ((SECONDS <= deadline)) || fail "the nodes have not taken 600 writes in 60 s" "$folder/node1.log"
    sleep 0.05
done
kill_now "${pids[@]}"
kill_now "${writers[@]}"
# A curl that a writer left behind finds no node, and ends; its last line would be a whole one.
sleep 0.3
cat "$folder"/acknowledged.* >"$folder/acknowledged"
echo "killed all three with -9 after $(wc -l <"$folder/acknowledged") acknowledged writes"

start_all again
for index in 1 2 3; do
    while read -r writer key; do
        echo "url = \"http://127.0.0.1:$((ports[index] + 1))/v1/kv/key-$writer-$key\""
        echo "write-out = \"|%{http_code}\\n\""
    done <"$folder/acknowledged" >"$folder/reads"
    while read -r writer key; do
        echo "value $writer $key|200"
    done <"$folder/acknowledged" >"$folder/expected"
    curl -s -K "$folder/reads" >"$folder/found"
    if ! diff "$folder/expected" "$folder/found" >"$folder/difference"; then
        fail "node$index does not give back what was acknowledged (< expected, > found)" "$folder/difference"
    fi
done
echo "every acknowledged write is there, through each node"

for index in 3 2 1; do
    kill -TERM "${pids[index]}"
    ends "${pids[index]}" 10
    ((status == 0)) || fail "node$index ended with $status at SIGTERM" "$folder/node$index.log"
done
echo "all stopped at SIGTERM"

#!/usr/bin/env bash
# A node whose seed does not answer waits, and says so; it ends at SIGTERM, and joins when the seed comes.
source "$(dirname "${BASH_SOURCE[0]}")/lib/nodes.sh"

new_port
seed=$port
new_port
waiting=$port
start waiting --port "$waiting" --data-dir "$folder/waiting" --seed "127.0.0.1:$seed"
says waiting "$seed.*waiting for a seed|waiting for a seed.*$seed" 20
! grep -q '^ready ' "$folder/waiting.log" || fail "it is ready without its cluster" "$folder/waiting.log"
kill -TERM "$pid"
ends "$pid" 10
((status == 0)) || fail "the waiting node ended with $status at SIGTERM" "$folder/waiting.log"
echo "waits with a message, and ends at SIGTERM"

start waiting --port "$waiting" --data-dir "$folder/waiting" --seed "127.0.0.1:$seed"
says waiting "waiting for a seed" 20
start seed --port "$seed" --data-dir "$folder/seed"
says seed '^ready ' 30
says waiting '^ready .*members=2' 30
echo "joins when the seed comes"

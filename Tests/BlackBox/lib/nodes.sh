# What the black-box scripts share. Sourced, not run.
#
# A script starts nodes in a folder of its own, on free ports; at its end, however it comes, every process that it has
# started is gone, and so is the folder.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd) || exit 1
source "$root/tools/lib/cluster.sh"

node_program=$(cd "$root" && swift build --show-bin-path)/toystore-node
if [[ ! -x $node_program ]]; then
    echo "there is no $node_program: build it first (swift build --product toystore-node)" >&2
    exit 1
fi
folder=$(mktemp -d)
started=()

clean_up() {
    ((${#started[@]})) && kill_now "${started[@]}"
    chmod -R u+w "$folder" 2>/dev/null
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# fail SENTENCE [LOG]: ends the script.
fail() {
    echo "FAILED: $1" >&2
    [[ -n ${2-} && -f $2 ]] && tail -n 15 "$2" | sed 's/^/    /' >&2
    exit 1
}

# Ports that two scripts at a time are unlikely to choose both, below those that the system gives out.
next_port=$((12000 + (BASHPID % 1500) * 12))
new_port() {
    port=$(free_port "$next_port") || fail "no port is free"
    next_port=$((port + 10))
}

# start NAME ARGUMENT…: starts a node with these arguments; its pid is in `pid`, its output in $folder/NAME.log.
start() {
    local name=$1
    shift
    # Emptied first, so that no one takes an older run's words for this one's.
    : >"$folder/$name.log"
    "$node_program" --name "$name" "$@" >>"$folder/$name.log" 2>&1 </dev/null &
    pid=$!
    started+=("$pid")
}

# says NAME PATTERN SECONDS: waits until the node has said it.
says() {
    local deadline=$((SECONDS + $3))
    until grep -qE "$2" "$folder/$1.log"; do
        ((SECONDS <= deadline)) || fail "$1 has not said \"$2\" after $3 s" "$folder/$1.log"
        sleep 0.05
    done
}

# ends PID SECONDS: waits until a process has ended; its exit code is in `status`.
ends() {
    local deadline=$((SECONDS + $2))
    while kill -0 "$1" 2>/dev/null; do
        ((SECONDS <= deadline)) || fail "process $1 has not ended after $2 s"
        sleep 0.05
    done
    status=0
    wait "$1" || status=$?
}

# kill_now PID…: kill -9, and waits until they are gone.
kill_now() {
    local each
    {
        kill -KILL "$@"
        for each in "$@"; do wait "$each"; done
    } 2>/dev/null
}

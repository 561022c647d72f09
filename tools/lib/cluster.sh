# What tools/run, tools/demo and the black-box tests share. Sourced, not run.

# bold TEXT: stands out on a terminal.
bold() {
    if [[ -t 1 ]]; then printf '\033[1m%s\033[0m' "$1"; else printf '%s' "$1"; fi
}

# say TEXT: what happens now.
say() {
    echo "$(bold "==") $1"
}

# build_release ROOT PRODUCT…: builds in release mode and says so; ends the script on failure. Without colours, because the
# compiler is given other arguments for them, and what a pipe has built would be built again on a terminal.
build_release() {
    local root=$1 product begun
    shift
    for product in "$@"; do
        begun=$SECONDS
        if [[ -x $root/.build/release/$product ]]; then
            say "building $product (what has changed)"
        else
            say "building $product: a first release build takes some 5 minutes on two cores"
        fi
        if ! (cd "$root" && swift build -c release --no-color-diagnostics --product "$product"); then
            echo "$product could not be built; the compiler's words are above" >&2
            exit 1
        fi
        ((SECONDS - begun > 5)) && say "built $product in $((SECONDS - begun)) s"
    done
    return 0
}

# port_taken PORT: whether a socket of this machine listens at it, by TCP or UDP.
port_taken() {
    local hex
    printf -v hex '%04X' "$1"
    # The local address is the second field; state 0A is LISTEN, and 07 stands for every UDP socket.
    awk -v port=":$hex" 'substr($2, length($2) - 4) == port && ($4 == "0A" || $4 == "07") { found = 1 }
        END { exit !found }' /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null
}

# free_port FIRST: the first base port from FIRST on, in steps of 10, that is free with the one above it.
free_port() {
    local port=$1
    while port_taken "$port" || port_taken $((port + 1)); do
        port=$((port + 10))
        if ((port > 65000)); then return 1; fi
    done
    echo "$port"
}

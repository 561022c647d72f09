import Glibc

/// How many random runs a test makes: what the environment variable TOYSTORE_RUNS says, or else `count`.
func runs(_ count: Int) -> Int {
    getenv("TOYSTORE_RUNS").flatMap { Int(String(cString: $0)) } ?? count
}

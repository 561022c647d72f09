/// A small, fast, seeded source of random numbers: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom
/// number generators", 2021), its state filled by SplitMix64.
///
/// Every machine owns one. The same seed gives the same numbers in every process and build. Not for secrets.
@frozen
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    @usableFromInline var state: (UInt64, UInt64, UInt64, UInt64)

    /// A generator whose numbers are a function of `seed` alone; every seed is a good one, zero too.
    public init(seed: UInt64) {
        var mixer = seed
        // SplitMix64 visits every word once in its period, so the four words are never all zero.
        func word() -> UInt64 {
            mixer &+= 0x9e37_79b9_7f4a_7c15
            var mixed = mixer
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
        state = (word(), word(), word(), word())
    }

    /// A generator in a given state, not all zero: for the published reference outputs.
    package init(state: (UInt64, UInt64, UInt64, UInt64)) {
        precondition(state != (0, 0, 0, 0), "xoshiro256** never leaves the state of all zeros")
        self.state = state
    }

    /// The next 64 bits.
    @inlinable
    public mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = (state.3 << 45) | (state.3 >> 19)
        return result
    }

    /// An independent generator for a part of the machine, so that one part's draws do not shift another's.
    @inlinable
    public mutating func split() -> SeededGenerator {
        SeededGenerator(seed: next())
    }

    /// A number below `bound`, uniformly; 0 where `bound` is 0, so that a delay without jitter is no special case.
    ///
    /// Lemire's multiplication ("Fast random integer generation in an interval", 2019), without a division in nearly
    /// every case; draws one word, seldom more.
    @inlinable
    public mutating func below(_ bound: UInt64) -> UInt64 {
        var (high, low) = next().multipliedFullWidth(by: bound)
        if low < bound {
            let threshold = (0 &- bound) % bound
            while low < threshold {
                (high, low) = next().multipliedFullWidth(by: bound)
            }
        }
        return high
    }

    /// `true` with the probability `numerator / denominator`; certain where the numerator is the larger.
    @inlinable
    public mutating func chance(_ numerator: UInt64, in denominator: UInt64) -> Bool {
        below(denominator) < numerator
    }

    /// A number in [0, 1) with 53 random bits.
    @inlinable
    public mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}

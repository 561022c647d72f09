import Machine
import Testing

/// The expected numbers come from the recurrences as their authors publish them (prng.di.unimi.it: `xoshiro256starstar.c`
/// and `splitmix64.c`), computed apart from this code in another language.
@Suite struct SeededGeneratorTests {
    @Test func `the state 1, 2, 3, 4 gives the reference outputs of xoshiro256**`() {
        var generator = SeededGenerator(state: (1, 2, 3, 4))
        let expected: [UInt64] = [
            11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
            16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777,
            2_904_607_092_377_533_576,
        ]
        #expect(expected.map { _ in generator.next() } == expected)
    }

    @Test func `a seed fills the state with the reference outputs of SplitMix64`() {
        // SplitMix64 from 1234567 starts with these four words.
        var seeded = SeededGenerator(seed: 1_234_567)
        var given = SeededGenerator(
            state: (
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431
            ))
        for _ in 0..<8 {
            #expect(seeded.next() == given.next())
        }
    }

    @Test(
        arguments: [
            (
                0,
                [0x99ec_5f36_cb75_f2b4, 0xbf6e_1f78_4956_452a, 0x1a5f_849d_4933_e6e0, 0x6aa5_94f1_262d_2d2c]
                    as [UInt64],
                0x7aac_8c48_3a2e_dd2f, 0x6e7d_b6bb_92ff_e8ba
            ),
            (
                1, [0xb3f2_af6d_0fc7_10c5, 0x853b_5596_4736_4cea, 0x92f8_9756_082a_4514, 0x642e_1c7b_c266_a3a7],
                0xb851_7c33_c344_d153, 0xefc6_a94a_aefb_5afb
            ),
            (
                0xdead_beef_cafe_f00d,
                [0x9e32_cfb5_bb93_eebb, 0x1600_6bd9_d4ac_0014, 0x8ada_5d6d_34b6_538e, 0x7c32_7ca3_2346_a238],
                0x8e97_d4c4_9d6d_df2f, 0x9c96_76ae_8a05_3c56
            ),
            (
                .max, [0x8f55_20d5_2a7e_ad08, 0xc476_a018_caa1_802d, 0x81de_31c0_d260_469e, 0xbf65_8d7e_065f_3c2f],
                0xc3c9_3ea5_cde4_34cc, 0x83ed_92d5_73c8_0f24
            ),
        ] as [(UInt64, [UInt64], UInt64, UInt64)])
    func `a seed gives the same thousand numbers for ever`(
        seed: UInt64, first: [UInt64], last: UInt64, exclusiveOr: UInt64
    ) {
        var generator = SeededGenerator(seed: seed)
        let numbers = (0..<1000).map { _ in generator.next() }
        #expect(Array(numbers.prefix(4)) == first)
        #expect(numbers.last == last)
        #expect(numbers.reduce(0, ^) == exclusiveOr)
    }

    @Test(
        arguments: [
            (1, [0, 0, 0, 0, 0, 0]),
            (2, [0, 0, 1, 1, 1, 1]),
            (6, [0, 2, 4, 5, 5, 4]),
            (1000, [83, 378, 680, 924, 991, 769]),
            // Bounds that refuse a quarter and half of all words: the numbers show that refused words are drawn again.
            (
                0xc000_0000_0000_0000,
                [
                    1_160_249_073_301_919_056, 5_243_213_769_723_407_326, 9_408_440_071_686_419_256,
                    12_793_180_581_886_593_144, 9_950_984_181_700_650_565, 11_759_916_168_988_360_805,
                ]
            ),
            (
                0x8000_0000_0000_0001,
                [
                    9_147_776_489_032_658_738, 7_099_593_415_032_875_292, 6_633_989_454_467_100_377,
                    7_022_439_175_346_172_479, 2_681_029_139_591_840_946, 7_388_145_106_668_446_555,
                ]
            ),
        ] as [(UInt64, [UInt64])])
    func `numbers below a bound are those of Lemire's method`(bound: UInt64, expected: [UInt64]) {
        var generator = SeededGenerator(seed: 42)
        #expect(expected.map { _ in generator.below(bound) } == expected)
    }

    @Test func `a bound of zero gives zero`() {
        var generator = SeededGenerator(seed: 4)
        #expect(generator.below(0) == 0)
    }

    @Test(arguments: [2, 3, 7, 10, 100] as [UInt64])
    func `numbers below a bound are uniform`(bound: UInt64) {
        var generator = SeededGenerator(seed: bound)
        let draws = 1000 * bound
        var counts = [Double](repeating: 0, count: Int(bound))
        for _ in 0..<draws {
            counts[Int(generator.below(bound))] += 1
        }
        let chiSquare = counts.reduce(0) { $0 + ($1 - 1000) * ($1 - 1000) / 1000 }
        // The mean of the chi-square distribution is its degrees of freedom, its variance twice that: five deviations.
        let degrees = Double(bound - 1)
        #expect(chiSquare < degrees + 5 * (2 * degrees).squareRoot(), "seed \(bound): \(counts)")
    }

    @Test func `a bound that does not divide the words favours no third of its range`() {
        // Multiplying without refusing would give one third of the range half of all draws.
        let bound: UInt64 = 0xc000_0000_0000_0000
        var generator = SeededGenerator(seed: 5)
        var counts = [0, 0, 0]
        for _ in 0..<30_000 {
            // The bias of a plain multiplication is in the number's remainder by three.
            counts[Int(generator.below(bound) % 3)] += 1
        }
        for count in counts {
            #expect((9_600...10_400).contains(count), "seed 5: \(counts)")
        }
    }

    @Test func `a chance comes true as often as it says`() {
        var generator = SeededGenerator(seed: 6)
        let hits = (0..<40_000).count { _ in generator.chance(1, in: 4) }
        #expect((9_600...10_400).contains(hits), "seed 6: \(hits)")
        let never = (0..<100).count { _ in generator.chance(0, in: 4) }
        let always = (0..<100).count { _ in generator.chance(4, in: 4) }
        #expect(never == 0 && always == 100)
    }

    @Test func `a unit number has 53 bits and is below one`() {
        var generator = SeededGenerator(seed: 42)
        #expect(generator.unit() == 0.08386297105988216)
        #expect(generator.unit() == 0.3789802506626686)
        #expect(generator.unit() == 0.6800434110281394)
        for _ in 0..<10_000 {
            let number = generator.unit()
            #expect(number >= 0 && number < 1)
        }
    }

    @Test func `a split generator is seeded by one word of its parent`() {
        var parent = SeededGenerator(seed: 42)
        var child = parent.split()
        #expect(child.next() == 0x8ee4_45d1_4631_c453)
        #expect(child.next() == 0x106f_a1a1_3296_fe62)
        #expect(parent.next() == 0x6104_d986_6d11_3a7e)
    }
}

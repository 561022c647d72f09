/// The natural logarithm of a positive finite number, to about ten digits.
///
/// The pure modules link no C library, and a logarithm of our own is the same on every platform, so that a run can be
/// replayed anywhere: x = m · 2ᵉ with 1 ≤ m < 2, and ln m = 2 artanh((m − 1) / (m + 1)) by its series.
func naturalLogarithm(_ value: Double) -> Double {
    let ratio = (value.significand - 1) / (value.significand + 1)
    let square = ratio * ratio
    var power = ratio
    var sum = 0.0
    for divisor in stride(from: 1.0, through: 19, by: 2) {
        sum += power / divisor
        power *= square
    }
    return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_3
}

/// The decimal logarithm of a positive finite number.
func decimalLogarithm(_ value: Double) -> Double {
    naturalLogarithm(value) / 2.302_585_092_994_045_7
}

/// The number of decimal digits of a positive number less one, rounded up: ⌈log10(value)⌉, exactly.
func decimalLogarithmRoundedUp(_ value: Int) -> Int {
    var exponent = 0
    var power = 1
    while power < value {
        let (next, overflow) = power.multipliedReportingOverflow(by: 10)
        exponent += 1
        guard !overflow else { return exponent }
        power = next
    }
    return exponent
}

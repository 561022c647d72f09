import Causality
import Coordinator
import Machine
import Wire

/// Makes requests one after another, in place: a request costs no allocation.
package struct RequestMaker {
    /// Which keys come, in which order.
    package enum Keys: Hashable, Sendable {
        /// Any of so many, each as likely as the others.
        case random(count: Int)
        /// `first`, `first + stride`, … below `end`, and then no more.
        case each(first: Int, stride: Int, end: Int)
    }

    private let keys: Keys
    private let mix: OperationMix
    private var generator: SeededGenerator
    private var nextOfEach: Int
    private var get: GetRequest
    private var put: PutRequest

    /// Whether the present request is a put.
    package private(set) var isPut = false
    /// Whether the present request is still to be sent.
    private var isPending = false

    /// The bytes of a key: eight letters and eight digits.
    package static let keyByteCount = 16

    /// A source of requests by `plan`; the keys' own numbers are below ``LoadPlan/keyLimit``.
    package init(_ plan: LoadPlan, keys: Keys, mix: OperationMix, generator: SeededGenerator) {
        self.keys = keys
        self.mix = mix
        self.generator = generator
        nextOfEach =
            switch keys {
            case .random: 0
            case .each(let first, _, _): first
            }
        var value = ByteBuffer()
        value.reserveCapacity(plan.valueByteCount)
        while value.readableBytes < plan.valueByteCount {
            value.writeInteger(self.generator.next())
        }
        let content = Sibling.Content.value(value.readSlice(length: plan.valueByteCount) ?? value, contentType: "")
        get = GetRequest(key: Self.key(0), options: plan.options)
        put = PutRequest(key: Self.key(0), content: content, options: plan.options)
    }

    /// Makes the next request the present one; `false` where there are no more.
    ///
    /// A request that was not ``sent()`` stays, so that none is left out.
    package mutating func draw() -> Bool {
        guard !isPending else { return true }
        let number: Int
        switch keys {
        case .random(let count):
            number = Int(truncatingIfNeeded: generator.below(UInt64(count)))
        case .each(_, let stride, let end):
            guard nextOfEach < end else { return false }
            number = nextOfEach
            nextOfEach += stride
        }
        isPut = mix.gets == 0 || generator.below(UInt64(mix.puts + mix.gets)) < UInt64(mix.puts)
        if isPut {
            Self.write(number, into: &put.key)
        } else {
            Self.write(number, into: &get.key)
        }
        isPending = true
        return true
    }

    /// Writes the present request.
    package func encode(into buffer: inout ByteBuffer) {
        (isPut ? Request.put(put) : Request.get(get)).encode(into: &buffer)
    }

    /// The present request is on its way.
    package mutating func sent() {
        isPending = false
    }

    private static func key(_ number: Int) -> ByteBuffer {
        var key = ByteBuffer(string: "toybench00000000")
        write(number, into: &key)
        return key
    }

    private static func write(_ number: Int, into key: inout ByteBuffer) {
        var digits: UInt64 = 0
        var rest = UInt64(number)
        for place in UInt64(0)..<8 {
            digits |= (UInt64(UInt8(ascii: "0")) + rest % 10) << (8 * place)
            rest /= 10
        }
        key.setInteger(digits, at: key.readerIndex + 8)
    }
}

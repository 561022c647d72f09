import Dispatch
import Glibc
import Synchronization

/// The first Ctrl-C or SIGTERM ends the measurement in good order; the second ends the process.
final class Interruption {
    private let sources: [any DispatchSourceSignal]
    private let happened: Happened

    private final class Happened: Sendable {
        let flag = Atomic(false)
    }

    private static let signals = [SIGINT, SIGTERM]

    init(_ action: @escaping @Sendable () -> Void) {
        let happened = Happened()
        self.happened = happened
        sources = Self.signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { @Sendable in
                happened.flag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
                action()
            }
            source.activate()
            return source
        }
    }

    var hasHappened: Bool { happened.flag.load(ordering: .relaxed) }

    func end() {
        for (source, number) in zip(sources, Self.signals) {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }
}

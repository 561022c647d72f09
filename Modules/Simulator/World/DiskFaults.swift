import Machine
import Storage
import Synchronization

/// What one host's disk gets wrong at present: asked by the virtual disk at each call.
final class DiskFaults: Sendable {
    struct State: Sendable {
        var generator: SeededGenerator
        /// Of so many calls that write, one in this many fails, and of those that read far fewer; 0: none.
        var failing: UInt64 = 0
        /// The same for syncs.
        var failingSync: UInt64 = 0
        var isFull = false
        var isLying = false
        /// The next write of the log goes so many bytes away.
        var misdirection: Int?
        /// After so many calls the power goes: all further calls fail.
        var callsUntilPowerCut: Int?
        /// Faults that were given.
        var count = 0
    }

    private let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
    }

    /// Changes what goes wrong.
    func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        state.withLock { body(&$0) }
    }

    /// Nothing goes wrong from now on.
    func mend() {
        state.withLock { state in
            state.failing = 0
            state.failingSync = 0
            state.isFull = false
            state.isLying = false
            state.misdirection = nil
            state.callsUntilPowerCut = nil
        }
    }

    /// Whether the power went in the midst of a call.
    var hasLostPower: Bool { state.withLock { $0.callsUntilPowerCut == 0 } }

    /// Whether nothing goes wrong at present.
    var isQuiet: Bool {
        state.withLock { state in
            state.failing == 0 && state.failingSync == 0 && !state.isFull && !state.isLying
                && state.callsUntilPowerCut == nil
        }
    }

    /// How a call fails.
    func fault(of call: FileSystemCall) -> FileSystemFault? {
        state.withLock { state in
            if let left = state.callsUntilPowerCut {
                guard left > 0 else { return .error(code: FileSystemFault.inputOutputCode) }
                state.callsUntilPowerCut = left - 1
            }
            switch call.operation {
            case .write, .preallocate, .create, .rename, .link:
                if let distance = state.misdirection, call.operation == .write,
                    call.path.hasPrefix(SimulatedHost.directory + "/store")
                {
                    state.misdirection = nil
                    state.count += 1
                    return .misdirected(by: distance)
                }
                if state.isFull {
                    state.count += 1
                    return .full
                }
                guard state.failing > 0, state.generator.chance(1, in: state.failing) else { return nil }
                state.count += 1
                return state.generator.chance(1, in: 2) && call.operation == .write
                    ? .partial(Int(state.generator.below(256))) : .error(code: FileSystemFault.inputOutputCode)
            case .dataSync, .syncDirectory:
                // Not about who the node is: a lie about the epochs that are reserved is a dot issued twice.
                if state.isLying, call.path.hasPrefix(SimulatedHost.directory + "/store") {
                    state.count += 1
                    return .lie
                }
                guard state.failingSync > 0, state.generator.chance(1, in: state.failingSync) else { return nil }
                state.count += 1
                return .error(code: FileSystemFault.inputOutputCode)
            case .read:
                guard state.failing > 0, state.generator.chance(1, in: state.failing * 64) else { return nil }
                state.count += 1
                return .error(code: FileSystemFault.inputOutputCode)
            default:
                return nil
            }
        }
    }
}

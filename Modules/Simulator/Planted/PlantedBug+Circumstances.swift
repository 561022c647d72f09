import Machine

extension PlantedBug {
    /// The faults, the number of nodes and the length that bring a bug about.
    package struct Circumstances: Sendable {
        /// Each of these is on, and no other.
        package var faults: [FaultKind]
        package var nodes = 5
        package var seconds = 60

        package init(faults: [FaultKind], nodes: Int = 5, seconds: Int = 60) {
            self.faults = faults
            self.nodes = nodes
            self.seconds = seconds
        }
    }

    /// What brings the bug about, so that few seeds are needed; `nil` where the classes that a seed draws do as well.
    package var circumstances: Circumstances? {
        switch self {
        case .uncleanStopKeepsEpochs, .epochsAreNotReserved: Circumstances(faults: [.powerCut, .slowDisk])
        case .cleanStopTrustsAll: Circumstances(faults: [.restoredBackup, .partition, .rot], seconds: 120)
        case .restoredNodeGoesOn: Circumstances(faults: [.restoredBackup, .clone])
        case .fallbackSaysAbsent: Circumstances(faults: [.partition, .kill, .pause, .clogging])
        case .readRepairMendsOne, .readRepairMendsItsCoordinatorOnly: Circumstances(faults: [.kill, .powerCut])
        case .failedSyncIsRetried: Circumstances(faults: [.failedSync, .powerCut], seconds: 300)
        case .failedReadIsAbsence: Circumstances(faults: [.diskError], seconds: 180)
        case .failedDeliveryIsConfirmed: Circumstances(faults: [.failedSync, .diskError, .partition, .kill])
        case .newerHintIsDropped: Circumstances(faults: [.failedSync, .diskError, .lateControl], seconds: 300)
        case .valueIsNotChecked: Circumstances(faults: [.rot, .misdirectedWrite])
        case .staleRingIsAccepted: Circumstances(faults: [.join, .weight, .stalledControl])
        case .formerHoldersAreNotCounted: Circumstances(faults: [.weight, .lateControl, .kill], seconds: 180)
        case .holderLetsGoTooEarly:
            Circumstances(faults: [.weight, .partition, .lateControl, .stalledControl], seconds: 180)
        case .changedStrayIsDropped: Circumstances(faults: [.partition, .lateControl, .overload], seconds: 240)
        case .strayIsDroppedTooEarly: Circumstances(faults: [.weight, .join, .partition, .kill])
        case .partitionIsClaimedTooEarly: Circumstances(faults: [.join, .partition, .kill])
        case .transferSkipsAKey: Circumstances(faults: [.join])
        case .ownWordUndoesOperators: Circumstances(faults: [.weight, .kill])
        case .lostAreNotLookedFor: Circumstances(faults: [.partition], seconds: 240)
        default: nil
        }
    }

    /// A run of a seed, under these circumstances or with the faults that it draws.
    package static func options(seed: UInt64, _ circumstances: Circumstances?) -> RunOptions {
        var options = RunOptions(seed: seed)
        guard let circumstances else { return options }
        options.nodes = circumstances.nodes
        options.seconds = circumstances.seconds
        options.faults = circumstances.faults
        options.isEachFault = true
        return options
    }
}

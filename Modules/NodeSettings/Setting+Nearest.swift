extension Setting {
    /// The setting that somebody who wrote `name` most likely meant, or `nil` where nothing is near.
    ///
    /// Near is a third of the letters added, dropped, changed or swapped, three at most; failing that, a name that goes
    /// on where the other ends (`data-directory`, `http`). Case does not count, nor does `_` for `-`.
    static func nearest(to name: String) -> Setting? {
        let written = normalized(name)
        guard (2...32).contains(written.count) else { return nil }

        let allowance = min(3, max(1, written.count / 3))
        var best: (setting: Setting, distance: Int)?
        for setting in allCases {
            let distance = editDistance(written, Array(setting.key.utf8))
            if distance <= allowance, best.map({ distance < $0.distance }) ?? true {
                best = (setting, distance)
            }
        }
        return best?.setting
            ?? allCases.first { setting in
                let key = Array(setting.key.utf8)
                return min(key.count, written.count) > 2 && (key.starts(with: written) || written.starts(with: key))
            }
    }

    private static func normalized(_ name: String) -> [UInt8] {
        name.lowercased().utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }
    }

    /// The least number of letters added, dropped, changed, or swapped with their neighbour that turns one text into
    /// the other, where no place is touched twice (optimal string alignment). O(n·m).
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var older = [Int]()
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let isEqual = left[row] == right[column]
                var distance = min(
                    previous[column + 1] + 1, current[column] + 1, previous[column] + (isEqual ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    distance = min(distance, older[column - 1] + 1)
                }
                current.append(distance)
            }
            older = previous
            previous = current
        }
        return previous[right.count]
    }
}

/// Which Toystore this is: one version for the nodes, the client and the programs.
public enum Release {
    /// Major, minor, patch, by the rules of Semantic Versioning.
    public static let version = "0.1.0"
}

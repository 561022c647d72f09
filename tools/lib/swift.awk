# What the compiler sees of a line of Swift: lex(line) returns it with comments blanked and every string literal reduced
# to "" (or kept whole, where `keepStrings` is set); `comment` is then the text of the line's comments. Knows nested block
# comments, raw and multi-line strings, and the code within interpolations. Call lexReset() at the start of a file.
# Plain POSIX awk: a fresh Debian has mawk and nothing else.

function lexReset() {
    depth = 0         # of the stack of strings, and of interpolations within them
    blockDepth = 0    # of nested block comments
}

function lex(line,    out, i, n, c, two, rest, escape) {
    comment = ""
    if (depth == 0 && blockDepth == 0 && line !~ /["\/]/) return line
    out = ""
    i = 1
    n = length(line)
    while (i <= n) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (blockDepth > 0) {
            if (two == "*/") { blockDepth--; i += 2 }
            else if (two == "/*") { blockDepth++; i += 2 }
            else { comment = comment c; i++ }
            continue
        }
        if (depth > 0 && kind[depth] == "string") {
            escape = "\\" hashes[depth]
            if (substr(line, i, length(closing[depth])) == closing[depth]) {
                out = out (keepStrings ? closing[depth] : "\"")
                i += length(closing[depth])
                depth--
            } else if (substr(line, i, length(escape)) == escape) {
                i += length(escape)
                if (substr(line, i, 1) == "(") {
                    depth++
                    kind[depth] = "interpolation"
                    parentheses[depth] = 1
                    out = out (keepStrings ? escape "(" : " ")
                } else if (keepStrings) {
                    out = out escape substr(line, i, 1)
                }
                i++
            } else {
                if (keepStrings) out = out c
                i++
            }
            continue
        }
        if (two == "//") {
            comment = comment substr(line, i + 2)
            break
        }
        if (two == "/*") {
            blockDepth = 1
            out = out " "
            i += 2
            continue
        }
        rest = substr(line, i)
        if ((c == "\"" || c == "#") && match(rest, /^#*"/)) {
            depth++
            kind[depth] = "string"
            hashes[depth] = substr(rest, 1, RLENGTH - 1)
            closing[depth] = (substr(rest, RLENGTH, 3) == "\"\"\"" ? "\"\"\"" : "\"") hashes[depth]
            out = out (keepStrings ? hashes[depth] : "") (keepStrings && length(closing[depth]) - length(hashes[depth]) == 3 ? "\"\"\"" : "\"")
            i += RLENGTH - 1 + length(closing[depth]) - length(hashes[depth])
            continue
        }
        if (depth > 0 && c == "(") parentheses[depth]++
        if (depth > 0 && c == ")" && --parentheses[depth] == 0) {
            depth--
            out = out (keepStrings ? ")" : " ")
            i++
            continue
        }
        out = out c
        i++
    }
    # A string of one line ends with its line, whatever went before: a slip of this reader costs one line, not a file.
    if (depth > 0 && kind[depth] == "string" && closing[depth] !~ /"""/) depth--
    return out
}

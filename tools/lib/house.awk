# Holds Swift files and Package.swift to tools/imports.txt and tools/purity.txt; see tools/check-house, which runs it as
#   awk -f swift.awk -f house.awk imports.txt purity.txt [Package.swift] [file…]
# with paths from the root of the package.

function trim(text) {
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}

function complain(where, what) {
    print where ": " what
    complaints++
}

function has(list, word) {
    return index(" " list " ", " " word " ") > 0
}

# -- the tables --

FNR == 1 {
    file = FILENAME
    part = ++files == 1 ? "imports" : files == 2 ? "purity" : file ~ /(^|\/)Package\.swift$/ ? "package" : "source"
    if (part == "source" || part == "package") startFile()
}

part == "imports" {
    if ($0 ~ /^[ \t]*(#|$)/) next
    if (split($0, column, "|") != 4) {
        complain(FILENAME ":" FNR, "a row is `floor | module | modules | from outside`")
        next
    }
    name = trim(column[2])
    if (name in floor) complain(FILENAME ":" FNR, name " has two rows")
    count = split(trim(column[3]), words, /[ \t]+/)
    for (i = 1; i <= count; i++) {
        if (words[i] != "*" && !(words[i] in floor)) {
            complain(FILENAME ":" FNR, name " names " words[i] ", which has no row above it: imports go strictly downward")
        }
    }
    floor[name] = trim(column[1]) + 0
    inside[name] = trim(column[3])
    outside[name] = trim(column[4])
    next
}

part == "purity" {
    if ($0 ~ /^[ \t]*(#|$)/) next
    if ($0 ~ /^(pure|all): /) {
        ruleScope[++rules] = $0 ~ /^pure/ ? "pure" : "all"
        rule[rules] = $0
        sub(/^[a-z]+: /, "", rule[rules])
        gsub(/\\b/, "[^A-Za-z0-9_]", rule[rules])
    } else if (rules > 0 && $0 ~ /^[ \t]/) {
        advice[rules] = trim($0)
    } else {
        complain(FILENAME ":" FNR, "a rule starts with `pure: ` or `all: `")
    }
    next
}

# -- one file --

function startFile(    words) {
    lexReset()
    pendingImport = ""
    pendingRandom = ""
    reasonNear = 0
    keepStrings = part == "package"
    manifest = part == "package" ? file : manifest
    if (part == "package") return
    sources++
    split(file, words, "/")
    module = words[1] == "Modules" ? words[2] : words[1] "/*"
    known = module in floor
    pure = known && floor[module] <= 4
    if (!known && !(module in unknown)) {
        unknown[module]
        complain(file ":1", module " has no row in tools/imports.txt: add one, with the floor it stands on")
    }
}

part == "package" {
    text = text lex($0) "\n"
    next
}

{
    code = lex($0)
    if (known) checkImports(code)
    checkPurity(" " code " ")
}

# -- imports --

function checkImports(code,    statements, count, i, statement) {
    count = split(pendingImport code, statements, ";")
    pendingImport = ""
    for (i = 1; i <= count; i++) {
        statement = trim(statements[i])
        while (sub(/^@[A-Za-z_][A-Za-z0-9_]*(\([^)]*\))?[ \t]*/, "", statement) \
            || sub(/^(public|package|internal|private|fileprivate|open)[ \t]+/, "", statement)) {}
        if (statement !~ /^import([ \t]|$)/) continue
        sub(/^import[ \t]*/, "", statement)
        if (statement ~ /^(typealias|struct|class|enum|protocol|actor|let|var|func)?$/) {
            pendingImport = "import " statement " "
            continue
        }
        sub(/^(typealias|struct|class|enum|protocol|actor|let|var|func)[ \t]+/, "", statement)
        gsub(/[` \t]/, "", statement)
        checkImport(statement)
    }
}

function checkImport(path,    base, name) {
    base = path
    sub(/\..*/, "", base)
    name = file
    sub(/.*\//, "", name)
    if (base == "Swift" || allowed(module, base) || has(outside[module], path "@" name)) return
    complain(file ":" FNR, refusal(module, base, "import"))
}

function allowed(module, base) {
    if (base in floor) return has(inside[module], base) || inside[module] == "*"
    return has(outside[module], base) || outside[module] == "*"
}

function refusal(module, base, verb,    may) {
    may = trim(inside[module] " " outside[module])
    return module " (floor " floor[module] ") must not " verb " " base "; it may: " (may == "" ? "nothing" : may) \
        (base in floor \
            ? (floor[base] < floor[module] ? ". Go by what lies between," : ". Move what is needed down, or hand it in as a value,") \
            : floor[module] <= 4 ? ". Leave it to the shell, and come by an event," : ". Do without,") \
        " or change the house in tools/imports.txt and say why"
}

# -- purity --

function checkPurity(code,    i) {
    for (i = 1; i <= rules; i++) {
        if ((ruleScope[i] == "all" || pure) && code ~ rule[i]) complain(file ":" FNR, quote(code, rule[i]) " " advice[i])
    }
    if (pure) checkRandom(code)
    if ($0 ~ /(^|[^A-Za-z0-9_])(TODO|FIXME|XXX)([^A-Za-z0-9_]|$)/ && $0 !~ /(TODO|FIXME|XXX) ?\(#[0-9]+\)/) {
        complain(file ":" FNR, "`TODO` do it, or open an issue and write TODO (#N)")
    }
    if (code ~ /@unchecked +Sendable|nonisolated *\( *unsafe *\)/ && trim(comment) == "" && !reasonNear) {
        complain(file ":" FNR, "`unchecked` say beside it, in a comment, what makes it safe")
    }
    reasonNear = trim(comment) != "" && trim(code) == ""
}

function quote(code, pattern) {
    match(code, pattern)
    return "`" trim(substr(code, RSTART, RLENGTH)) "`"
}

# A call of random, shuffle or randomElement is looked at whole, up to its closing parenthesis: it must name its
# generator.
function checkRandom(code,    rest, i, c, open) {
    if (pendingRandom == "") {
        if (!match(code, /\.(random|shuffled|shuffle|randomElement) *\(/)) return
        rest = substr(code, RSTART)
        randomLine = FNR
    } else {
        rest = pendingRandom code
    }
    open = 0
    for (i = 1; i <= length(rest); i++) {
        c = substr(rest, i, 1)
        if (c == "(") open++
        if (c == ")" && --open == 0) break
    }
    if (open > 0) {
        pendingRandom = rest
        return
    }
    pendingRandom = ""
    if (substr(rest, 1, i) !~ /using *:/) {
        match(rest, /\(/)
        complain(file ":" randomLine, "`" substr(rest, 1, RSTART) "` randomness comes in: pass `using: &generator`")
    }
    checkRandom(substr(rest, i + 1))
}

# -- Package.swift --

# Where the bracket that opens at `start` closes, strings left out of account.
function closingBracket(text, start,    i, c, open, quoted) {
    for (i = start; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "\"") quoted = !quoted
        if (quoted) continue
        if (c ~ /[(\[]/) open++
        if (c ~ /[)\]]/ && --open == 0) return i
    }
    return length(text)
}

function literal(text) {
    match(text, /"[^"]*"/)
    return substr(text, RSTART + 1, RLENGTH - 2)
}

function checkPackage(    flat, position, line, start, end, body, kindOfTarget) {
    flat = text
    gsub(/\n/, " ", flat)
    position = 1
    while (match(substr(flat, position), /let +[A-Za-z0-9_]+ *(: *Target\.Dependency *)?= *[A-Za-z.]*\.product\( *name: *"[^"]*"/)) {
        body = substr(flat, position + RSTART - 1, RLENGTH)
        position += RSTART + RLENGTH - 1
        end = body
        sub(/^let +/, "", end)
        sub(/[^A-Za-z0-9_].*/, "", end)
        alias[end] = literal(body)
    }
    position = 1
    while (match(substr(flat, position), /[^.A-Za-z0-9_](module|executable|benchmark|tests)\(|\.(target|executableTarget|testTarget|systemLibrary)\(/)) {
        kindOfTarget = substr(flat, position + RSTART, RLENGTH - 2)
        start = position + RSTART + RLENGTH - 2
        end = closingBracket(flat, start)
        body = substr(flat, start + 1, end - start - 1)
        line = lineAt(start)
        position = end
        if (body !~ /^ *(name: *)?"[^"\\]*"/ || kindOfTarget ~ /^(tests|testTarget|systemLibrary)$/) continue
        checkTarget(literal(body), body, line)
    }
}

function lineAt(offset,    before) {
    before = substr(text, 1, offset)
    return gsub(/\n/, "", before) + 1
}

function checkTarget(name, body, line,    row, path, list, start, count, words, i, dependency) {
    row = name
    if (!(row in floor) && match(body, /(path|in): *"[^"]*"/)) {
        path = literal(substr(body, RSTART, RLENGTH))
        split(path, words, "/")
        row = words[1] "/*"
    }
    if (!(row in floor)) {
        complain(manifest ":" line, "target " name " has no row in tools/imports.txt: add one, with the floor it stands on")
        return
    }
    list = body
    if (match(list, /dependencies: */)) list = substr(list, RSTART + RLENGTH)
    else sub(/(path|swiftSettings|resources|exclude|sources): *.*/, "", list)
    start = index(list, "[")
    if (start == 0) return
    list = substr(list, start + 1, closingBracket(list, start) - start - 1)
    gsub(/condition: *\.when\([^)]*\)/, "", list)
    gsub(/package: *"[^"]*"/, "", list)
    gsub(/\.(product|target|byName)\( *name: */, "", list)
    gsub(/[() ]/, "", list)
    count = split(list, words, ",")
    for (i = 1; i <= count; i++) {
        dependency = words[i]
        if (dependency == "") continue
        if (dependency ~ /^"/) dependency = literal(dependency)
        else if (dependency in alias) dependency = alias[dependency]
        else {
            complain(manifest ":" line, "cannot tell what `" dependency "` is: write `let " dependency " = Target.Dependency.product(name: …)` or a name in quotes")
            continue
        }
        if (allowed(row, dependency) || (" " outside[row]) ~ (" " dependency "\\.")) continue
        complain(manifest ":" line, refusal(row, dependency, "depend on"))
    }
}

END {
    if (text != "") checkPackage()
    if (complaints) {
        print "check-house: " complaints + 0 " to mend in " sources + 0 " files"
        exit 1
    }
    print "check-house: " sources + 0 " files, nothing to mend"
}

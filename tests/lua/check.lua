-- Runs in any Lua from 5.1 on: feeds a classic pcap to libairtone and prints what the columns and reports say.
-- Usage: lua check.lua LIBRARY FILE.pcap

local path, capture = arg[1], arg[2]
local airtone = assert(package.loadlib(path, "luaopen_airtone"))()
assert(type(airtone) == "table", "the library does not know this Lua")
assert(airtone.version():match("^%d+%.%d+%.%d+"))

-- Wrong use is answered, never raised, and does no harm.
local refused, message = airtone.new("deep")
assert(refused == nil and message:match("buffer"), message)
assert(airtone.new(60, false, nil, true)):free()
local engine = assert(airtone.new(60, false, nil))
for _, wrong in ipairs({ 1, "x", {}, io.stdout, print }) do
    local nothing, sentence = engine.facts(wrong, 1)
    assert(nothing == nil and sentence:match("not an engine"), tostring(sentence))
end
assert(select(2, engine.facts()):match("not an engine"))
assert(select(2, engine:feed()):match("feed"))
assert(select(2, engine:feed(1, 2, 3)):match("feed"), "a number is no bytes")
assert(select(2, engine:report("nonsense")):match("report"))
assert(select("#", engine:facts(7)) == 0)
assert(select("#", engine:facts("7")) == 0)
assert(select("#", engine:whole(0 / 0)) == 6)
engine:feed("", 1, 0 / 0, -5, 1e300, -1)
engine:reset()

local file = assert(io.open(capture, "rb"))
local bytes = file:read("*a")
file:close()

local function little(at)
    local a, b, c, d = bytes:byte(at, at + 3)
    return a + b * 256 + c * 65536 + d * 16777216
end

-- The header's magic number tells micro- from nanoseconds.
local unit = little(1) == 0xa1b23c4d and 1 or 1000
local at, number, first = 25, 0, nil
while at + 16 <= #bytes + 1 do
    local seconds, part, captured, length = little(at), little(at + 4) * unit, little(at + 8), little(at + 12)
    number = number + 1
    if not first then
        first = { seconds, part }
        engine:clock(seconds, part, 0)
    end
    local relative = seconds - first[1] + (part - first[2]) / 1e9
    assert(select("#", engine:feed(bytes:sub(at + 16, at + 15 + captured), number, relative, length, 0, 1)) == 0)
    local call, stream, _, _, lost_before = engine:facts(number)
    if stream then
        local mos, r_factor, outcome = engine:so_far(number)
        io.write(string.format("frame %d stream %d call %s lost %d mos %.3f %.3f %s\n", number, stream,
            call and string.format("%d", call) or "-", lost_before, mos or -1, r_factor or -1, outcome or "-"))
    end
    at = at + 16 + captured
end

for n = 1, number do
    local mos, _, outcome, call_mos, _, findings = engine:whole(n)
    if mos then
        io.write(string.format("whole %d mos %.3f %s %.3f\n", n, mos, outcome or "-", call_mos or -1))
    end
    for k = 1, findings do
        local severity, text = engine:finding(n, k)
        assert(#severity > 0 and #text > 0)
    end
end
assert(#assert(engine:report("report", "text", 100)) > 100)
local page = assert(engine:report("report", "html"))
assert(page:find("^<!DOCTYPE html>") and page:find("</html>\n$"))
local path = assert(engine:html_file())
local saved = assert(io.open(path, "rb"))
assert(saved:read("*a") == page)
saved:close()
os.remove(path)
io.write("json\n", assert(engine:report("report", "json")))

-- Given back twice, and by the collector, in any order.
engine:free()
engine:free()
assert(select(2, engine:counts()):match("not an engine"))
for _ = 1, 50 do airtone.new() end
collectgarbage()
collectgarbage()

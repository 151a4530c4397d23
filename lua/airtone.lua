-- Airtone in Wireshark and tshark: columns, filters, findings, reports. What is computed is computed by
-- libairtone; this script hands it every new frame once and shows what it says.
--
-- The library is looked for in the environment variable AIRTONE_LIBRARY, beside this script, in a folder
-- `airtone` beside it, and where packages install it. See docs/wireshark.md.

local VERSION = "0.1.0"

-- Library ---------------------------------------------------------------------------------------------------

local function tell(message)
    if gui_enabled() then report_failure("Airtone: " .. message)
    else io.stderr:write("airtone: ", message, "\n") end
end

local function places()
    local windows = package.config:sub(1, 1) == "\\"
    local name = windows and "airtone.dll" or "libairtone.so"
    local script = debug.getinfo(1, "S").source:match("^@(.*)[/\\][^/\\]*$") or "."
    local folders = { script, script .. "/airtone", script .. "/../airtone" }
    if Dir and Dir.personal_plugins_path then
        folders[#folders + 1] = Dir.personal_plugins_path()
        folders[#folders + 1] = Dir.personal_plugins_path() .. "/airtone"
    end
    if not windows then
        for _, folder in ipairs({ "/usr/local/lib/airtone", "/usr/lib/airtone", "/usr/local/lib", "/usr/lib" }) do
            folders[#folders + 1] = folder
        end
    end
    local paths = {}
    for _, folder in ipairs(folders) do
        paths[#paths + 1] = folder .. "/" .. name
        if not windows then paths[#paths + 1] = folder .. "/libairtone.dylib" end
    end
    return paths
end

local function exists(path)
    local file = io.open(path, "rb")
    if file then file:close() end
    return file ~= nil
end

-- The library's table, or nil and one line that says what to do.
local function load_library()
    if not package.loadlib then return nil, "this Lua cannot load libraries, so there are no Airtone columns" end
    local path = os.getenv("AIRTONE_LIBRARY")
    if not path or path == "" then
        path = nil
        for _, candidate in ipairs(places()) do
            if exists(candidate) then path = candidate break end
        end
    end
    if not path then
        return nil, "libairtone was not found; run `tshark-post install`, or set AIRTONE_LIBRARY to its path"
    end
    local open, why = package.loadlib(path, "luaopen_airtone")
    if not open then return nil, "libairtone cannot be loaded: " .. tostring(why) end
    local library = open()
    if type(library) ~= "table" then return nil, path .. " cannot work with this program's " .. _VERSION end
    local version = library.version()
    if version ~= VERSION then
        return nil, string.format("%s is version %s and airtone.lua is %s; run `tshark-post install` again",
            path, tostring(version), VERSION)
    end
    return library
end

local airtone, why = load_library()
if not airtone then
    tell(why)
    return
end

-- Protocol --------------------------------------------------------------------------------------------------

local proto = Proto("airtone", "Airtone")
local fields = {
    call = ProtoField.uint32("airtone.call", "Call"),
    outcome = ProtoField.string("airtone.call.outcome", "Call outcome"),
    call_mos = ProtoField.float("airtone.call.mos", "Call MOS (worst stream)"),
    stream = ProtoField.uint32("airtone.stream", "Stream"),
    mos = ProtoField.float("airtone.rtp.mos", "MOS-LQ"),
    r_factor = ProtoField.float("airtone.rtp.r_factor", "R-factor"),
    jitter = ProtoField.float("airtone.rtp.jitter", "Jitter (ms)"),
    delta = ProtoField.float("airtone.rtp.delta", "Delta (ms)"),
    lost_before = ProtoField.uint32("airtone.rtp.lost_before", "Packets missing before this one"),
    late = ProtoField.bool("airtone.rtp.late", "Late for the jitter buffer"),
    duplicate = ProtoField.bool("airtone.rtp.duplicate", "Duplicate"),
    bss = ProtoField.string("airtone.bss", "BSS"),
    beacon_lost_before = ProtoField.uint32("airtone.beacon.lost_before", "Beacons lost before this one"),
    beacon_lost = ProtoField.uint32("airtone.beacon.lost", "Beacons lost of this BSS"),
    beacon_delay = ProtoField.float("airtone.beacon.delay", "Beacon delay (ms)"),
    finding = ProtoField.string("airtone.finding", "Finding"),
}
local list = {}
for _, field in pairs(fields) do list[#list + 1] = field end
proto.fields = list

local group = expert.group.COMMENTS_GROUP
local experts = {
    note = ProtoExpert.new("airtone.finding.note", "Airtone note", group, expert.severity.NOTE),
    warning = ProtoExpert.new("airtone.finding.warning", "Airtone warning", group, expert.severity.WARN),
    critical = ProtoExpert.new("airtone.finding.critical", "Airtone critical", group, expert.severity.ERROR),
}
proto.experts = { experts.note, experts.warning, experts.critical }

proto.prefs.buffer = Pref.string("Jitter buffer", "60",
    "The receiver's buffer, which decides what is late: its depth in ms (0 to 1000), adaptive, or none")
proto.prefs.heuristics = Pref.bool("Find RTP without SDP", true, "Also take for RTP what no SDP announced")
proto.prefs.delay = Pref.string("One-way delay (ms)", "",
    "Mouth to ear, for conversational quality where RTCP does not tell it; empty when unknown")

-- Frames ----------------------------------------------------------------------------------------------------

-- Every extractor costs on every frame, so only the interface is read each time: the link type belongs to it,
-- and the exact time of one frame gives that of all others.
local interface_field = Field.new("frame.interface_id")
local encapsulation_field = Field.new("frame.encap_type")
local epoch_field = Field.new("frame.time_epoch")

local engine             -- nil after a failure
local encapsulations     -- by interface
local last_relative      -- of the frame before
local has_interfaces
local feed_frame

local function fail(message)
    engine = nil
    tell(message or "the analysis failed")
end

local function start()
    local buffer = tostring(proto.prefs.buffer):lower()
    local made, problem = airtone.new(tonumber(buffer) or buffer, not proto.prefs.heuristics,
        tonumber(proto.prefs.delay), gui_enabled())
    if engine then engine:free() end
    engine, encapsulations, last_relative, has_interfaces = made, {}, math.huge, true
    if not made then return fail(problem) end
    feed_frame = made.feed
end

-- Beyond this (46 days), a double in seconds no longer holds nanoseconds.
local FAR = 4e6

-- Times of frames are seconds after a reference, exact to the nanosecond (abs_ts is not: it is a double that
-- counts from 1970). The reference is found again when time steps back, as it does at frames that
-- the user sets as time reference.
local function set_clock(pinfo, relative)
    local epoch = epoch_field()
    local at = epoch and epoch.value
    if at then engine:clock(at.secs, at.nsecs, relative) else engine:clock(pinfo.abs_ts, nil, relative) end
end

-- nil in the first of two passes (tshark -2), in which there is no tree; the library then looks at the bytes.
local function encapsulation(interface)
    local info = encapsulation_field()
    local number = info and info.value
    encapsulations[interface] = number
    return number
end

local function feed(tvb, pinfo)
    local relative = pinfo.rel_ts
    if relative < last_relative or relative > FAR then set_clock(pinfo, relative) end
    last_relative = relative
    local interface = 0
    if has_interfaces then
        local info = interface_field()
        -- Formats without interface numbers, such as classic pcap, have none in any frame.
        if info then interface = info.value else has_interfaces = false end
    end
    local _, problem = feed_frame(engine, tvb:raw(), pinfo.number, relative, pinfo.len, interface,
        encapsulations[interface] or encapsulation(interface))
    if problem then fail(problem) end
end

local function show_findings(branch, number, count)
    for k = 1, count do
        local severity, text = engine:finding(number, k)
        if text then
            local item = branch:add(fields.finding, text):set_generated()
            item:add_proto_expert_info(experts[severity] or experts.note, text)
        end
    end
end

local function show(tree, pinfo, visited)
    local number = pinfo.number
    local call, stream, jitter, delta, lost_before, late, duplicate, bss, beacons_before, delay =
        engine:facts(number)
    local mos, r_factor, outcome, call_mos, beacons_lost, findings
    if visited then
        mos, r_factor, outcome, call_mos, beacons_lost, findings = engine:whole(number)
    elseif call or stream then
        mos, r_factor, outcome = engine:so_far(number)
    end
    findings = findings or 0
    if not (call or stream or bss or lost_before or findings > 0) then return end
    local branch = tree:add(proto):set_generated()
    -- One call for each field and no closures: with `tshark -V` or `-T fields` this runs for every frame.
    if call then branch:add(fields.call, call) end
    if outcome then branch:add(fields.outcome, outcome) end
    if call_mos then branch:add(fields.call_mos, call_mos) end
    if stream then branch:add(fields.stream, stream) end
    if mos then branch:add(fields.mos, mos) end
    if r_factor then branch:add(fields.r_factor, r_factor) end
    if jitter then branch:add(fields.jitter, jitter) end
    if delta then branch:add(fields.delta, delta) end
    if lost_before then branch:add(fields.lost_before, lost_before) end
    if late ~= nil then branch:add(fields.late, late) end
    if duplicate ~= nil then branch:add(fields.duplicate, duplicate) end
    if bss then branch:add(fields.bss, bss) end
    if beacons_before then branch:add(fields.beacon_lost_before, beacons_before) end
    if beacons_lost then branch:add(fields.beacon_lost, beacons_lost) end
    if delay then branch:add(fields.beacon_delay, delay) end
    show_findings(branch, number, findings)
end

-- Whether anybody looks: a visible tree, a column or a filter with one of our fields. A tree alone says
-- nothing, as the extractors above make Wireshark build one for every frame. Findings are shown in any case
-- once the capture has been read, for those who collect expert information.
local own
local function is_wanted(tree, visited)
    own = own or Dissector.get("airtone")
    return visited or tree:referenced(own)
end

function proto.dissector(tvb, pinfo, tree)
    if not engine then return end
    local visited = pinfo.visited
    if not visited then feed(tvb, pinfo) end
    if tree and engine and is_wanted(tree, visited) then show(tree, pinfo, visited) end
end

function proto.init()
    start()
end

register_postdissector(proto)

-- Reports ---------------------------------------------------------------------------------------------------

local WIDTH = 120
local VIEWS = { "report", "calls", "streams", "wifi", "findings" }

local function text_of(view, format)
    if not engine then return "Airtone: the analysis has failed.\n" end
    local text, problem = engine:report(view, format, WIDTH)
    return text or (tostring(problem) .. "\n")
end

-- tshark calls init once more at its end, before the taps are drawn or after: the text is made in draw, with
-- the engine that took the frames.
local function register_statistic(name, view, format)
    register_stat_cmd_arg("airtone," .. name, function()
        local listener = Listener.new("frame", "frame.number == 0")
        function listener.packet() end
        function listener.draw() io.stdout:write(text_of(view, format)) end
        function listener.reset() end
    end)
end

for _, view in ipairs(VIEWS) do register_statistic(view, view, "text") end
register_statistic("json", "report", "json")

if not gui_enabled() then return end

-- Windows ---------------------------------------------------------------------------------------------------

local function save_json()
    new_dialog("Airtone: save the report as JSON", function(path)
        if not path or path == "" then return end
        local file, problem = io.open(path, "w")
        if not file then return tell(tostring(problem)) end
        file:write(text_of("report", "json"))
        file:close()
    end, "File")
end

local function window(title, view)
    return function()
        local text = TextWindow.new("Airtone: " .. title)
        local function refresh() text:set(text_of(view, "text")) end
        text:add_button("Refresh", refresh)
        text:add_button("Save JSON", save_json)
        -- Rows that were drawn while packets were still coming keep what was known then.
        text:add_button("Update columns", function() redissect_packets() refresh() end)
        refresh()
    end
end

-- Into a file that others cannot read, for the browser that the desktop prefers.
local function open_html()
    if not engine then return tell("the analysis has failed") end
    local path, problem = engine:html_file()
    if not path then return tell(problem) end
    browser_open_data_file(path)
end

local telephony = MENU_STAT_TELEPHONY or MENU_STAT_UNSORTED
register_menu("Airtone/Calls", window("calls", "calls"), telephony)
register_menu("Airtone/Streams", window("streams", "streams"), telephony)
register_menu("Airtone/Findings", window("findings", "findings"), telephony)
register_menu("Airtone/Report", window("report", "report"), telephony)
register_menu("Airtone/HTML report", open_html, telephony)
register_menu("Airtone/Update columns", redissect_packets, telephony)
-- The Wireless menu takes no entries from Lua.
register_menu("Airtone/Beacons", window("beacons", "wifi"), MENU_TOOLS_UNSORTED)

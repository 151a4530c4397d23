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

-- An extractor makes Wireshark build its field for every frame, read or not, and costs more than all the rest.
-- Of those here only the interface is read each time: the link type belongs to it, and the exact time of one
-- frame gives that of all others. Those below are read where something was encrypted.
local extractors = {
    interface = Field.new("frame.interface_id"),
    encapsulation = Field.new("frame.encap_type"),
    epoch = Field.new("frame.time_epoch"),
    tls = Field.new("tls"),
    sip = Field.new("sip"),
    ip = Field.new("ip"),
    ipv6 = Field.new("ipv6"),
}

local engine             -- nil after a failure
local encapsulations     -- by interface
local last_relative      -- of the frame before
local last_number        -- likewise
local has_interfaces
local known_link         -- of a file whose header says it for all frames
local prepared           -- an engine that reads the file itself, before the first init
local is_beside          -- the engine does so
local is_behind          -- and lags behind, as nobody looks at single frames
local may_lag = true     -- it may do so in a single pass
local taken = 0          -- the last frame that it took from there
local stop               -- the next one that it has to be asked about
local knows_ports        -- it has been told of Decode As
local feed_frame, take_frame

local function fail(message)
    engine = nil
    tell(message or "the analysis failed")
end

local function new_engine()
    local buffer = tostring(proto.prefs.buffer):lower()
    return airtone.new(tonumber(buffer) or buffer, not proto.prefs.heuristics,
        tonumber(proto.prefs.delay), gui_enabled())
end

local function start()
    local made, problem = prepared, nil
    is_beside, is_behind, prepared, taken, knows_ports = made ~= nil, false, nil, 0, false
    if not made then made, problem = new_engine() end
    if engine then engine:free() end
    engine, encapsulations, last_relative, last_number = made, {}, math.huge, 0
    has_interfaces = extractors.interface ~= nil
    if not made then return fail(problem) end
    feed_frame, take_frame = made.feed, made.take
    if known_link then made:link(known_link) end
    if extractors.sip or extractors.ip then made:keys() end
end

-- Beyond this (46 days), a double in seconds no longer holds nanoseconds.
local FAR = 4e6

-- Times of frames are seconds after a reference, exact to the nanosecond (abs_ts is not: it is a double that
-- counts from 1970, exact to the microsecond). The reference is found again when time steps back, as it does at
-- frames that the user sets as time reference.
local function set_clock(pinfo, relative)
    local epoch = extractors.epoch and extractors.epoch()
    local at = epoch and epoch.value
    if at then engine:clock(at.secs, at.nsecs, relative) else engine:clock(pinfo.abs_ts, nil, relative) end
end

-- nil in the first of two passes (tshark -2), in which there is no tree; the library then looks at the bytes.
local function encapsulation(interface)
    local info = extractors.encapsulation and extractors.encapsulation()
    local number = info and info.value
    encapsulations[interface] = number
    return number
end

-- Frames are fed after those that were taken from the file: they have been appended to it since, or are not those
-- that stand there. The extractors are gone by then.
local function take(number, captured)
    local done, answer = take_frame(engine, number, captured)
    local is_first = taken == 0
    taken, last_number = number, number
    if done then return answer end
    if done == nil then return fail(answer) end
    is_beside, is_behind = false, false
    -- A file that Wireshark reads as something else from the start, such as text, misses nothing.
    if is_first then return end
    tell("from frame " .. number .. " on, the file is not what was opened; times are rounded to microseconds")
end

local function catch_up()
    if is_behind and engine and last_number > taken then take(last_number) end
end

local function feed(tvb, pinfo, number)
    local relative = pinfo.rel_ts
    if relative < last_relative or relative > FAR then set_clock(pinfo, relative) end
    last_relative, last_number = relative, number
    local interface, link = 0, nil
    if has_interfaces then
        local info = extractors.interface()
        -- Formats without interface numbers, such as classic pcap, have none in any frame.
        if info then interface = info.value else has_interfaces = false end
    end
    if not known_link then link = encapsulations[interface] or encapsulation(interface) end
    local riddle, problem = feed_frame(engine, tvb:raw(), number, relative, pinfo.len, interface, link)
    if problem then fail(problem) end
    return riddle
end

-- What only Wireshark can read ------------------------------------------------------------------------------

-- What Wireshark makes of a UDP port, of its own or by Decode As: RTP, or a tunnel. It is asked once for each port
-- (a hundredth of a second in all); the library then takes that RTP for RTP, and asks about frames in such a tunnel.
local PORTS = { RTP = "rtp" }
for _, name in ipairs({ "VXLAN", "VXLAN (GPE)", "GENEVE", "GTP", "GRE", "L2TP", "PPP", "MPLS", "ETHERNET", "IPV4", "IPV6",
    "TEREDO", "AYIYA", "LISP DATA", "NSH", "AMT", "UDPENCAP", "ESP", "WIREGUARD", "OPENVPN", "BAT", "BAT GW", "CAPWAP-DATA",
    "LWAPP", "TAPA", "IEEE 802.11", "TZSP", "PEEKREMOTE", "ARUBA_ERM", "HP_ERM" }) do
    PORTS[name] = "tunnel"
end

local function tell_ports()
    knows_ports = true
    local ports = DissectorTable.get("udp.port")
    local dissector_of = ports.get_dissector
    for port = 1, 65535 do
        local dissector = dissector_of(ports, port)
        local kind = dissector and PORTS[tostring(dissector):upper()]
        if kind then engine:port(port, kind) end
    end
end

-- How long the IP packet is that begins so.
local function length_of(bytes)
    local a, b = bytes:byte(3, 4)
    if bytes:byte(1) < 0x60 then return a * 256 + b end
    a, b = bytes:byte(5, 6)
    return 40 + a * 256 + b
end

-- Several IP packets may be in one frame of 802.11; those inside of others are found by the library.
local function decrypt_air()
    local found = {}
    for _, extractor in ipairs({ extractors.ip, extractors.ipv6 }) do
        for _, info in ipairs({ extractor() }) do found[#found + 1] = info end
    end
    table.sort(found, function(a, b) return a.offset < b.offset end)
    local reached = 0
    for _, info in ipairs(found) do
        local is_there, bytes = pcall(function() return info.source:raw(info.offset) end)
        if is_there and #bytes >= 20 and info.offset >= reached then
            engine:decrypted(bytes)
            reached = info.offset + length_of(bytes)
        end
    end
end

-- Called for a frame that holds what the library cannot read: in a tunnel that it does not know, the innermost ports show
-- it where the packet lies; where Wireshark has keys, what it has decrypted is handed over.
local function solve(riddle, pinfo)
    if riddle == "tunnel" then
        engine:between(pinfo.src_port, pinfo.dst_port)
    elseif riddle == "air" then
        if extractors.ip then decrypt_air() end
    elseif extractors.sip and extractors.tls() then
        for _, info in ipairs({ extractors.sip() }) do engine:message(info.range:bytes():raw()) end
    end
end

-- Columns ---------------------------------------------------------------------------------------------------

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
local in_window = gui_enabled()
local wanted             -- in tshark, where nothing can change it on the way
local function is_wanted(tree, visited)
    if visited then return true end
    if wanted == nil or in_window then
        own = own or Dissector.get("airtone")
        wanted = tree:referenced(own)
    end
    return wanted
end

function proto.dissector(tvb, pinfo, tree)
    if not engine then return end
    local number = pinfo.number
    if is_behind then
        if number > last_number then
            last_number = number
            if number < stop then return end
            last_number = number - 1
        else
            -- Two passes: frames come again, or a read filter gives the same number to several.
            catch_up()
            is_behind, may_lag = false, false
        end
    end
    -- A frame beyond the last one is new, without asking. (Under `-2 -R` several have the same number.)
    local visited = number <= last_number and pinfo.visited
    if not visited then
        if not knows_ports then tell_ports() end
        local riddle
        if is_beside then riddle = take(number, pinfo.caplen) end
        if engine and not is_beside then riddle = feed(tvb, pinfo, number) end
        if riddle then solve(riddle, pinfo) end
    end
    if not (tree and engine) then return end
    if is_wanted(tree, visited) then return show(tree, pinfo, visited) end
    is_behind = is_beside and may_lag
    -- At the latest after some frames, to compare them with those of the file.
    if is_behind then stop = engine:ahead(number) end
end

register_postdissector(proto)

-- Header of the file ----------------------------------------------------------------------------------------

-- tshark asks every registered reader whether a file is its own, before any frame is dissected and whether the
-- file is compressed (what is read is not) or comes from a pipe. This one never says yes. The library then looks for the file that begins so
-- among those that are open, and reads it once more in step with tshark. Otherwise, the header of a classic pcap with
-- microseconds tells what the extractors are there for: one link type, no interfaces, and times that abs_ts holds.
-- In both cases the extractors are given up, which Wireshark notices when they are collected.
local function has_tls_keys()
    local found, keys = pcall(get_preference, "tls.keylog_file")
    return not found or (keys ~= nil and keys ~= "")
end

-- Keys for 802.11 are in a file of some profile or on the command line, of which only Linux tells; elsewhere there may be some.
local function has_air_keys()
    local command_line = io.open("/proc/self/cmdline", "rb")
    if not command_line then return true end
    local arguments = command_line:read("*a")
    command_line:close()
    if arguments:find("80211_keys", 1, true) or exists(Dir.personal_config_path("80211_keys")) then return true end
    local profiles = Dir.personal_config_path("profiles")
    if not Dir.exists(profiles) then return false end
    for profile in Dir.open(profiles) do
        if exists(profiles .. "/" .. profile .. "/80211_keys") then return true end
    end
    return false
end

local function may_decrypt_air()
    local is_known, has_keys = pcall(has_air_keys)
    return not is_known or has_keys
end

local function read_header(file)
    -- No more than this, as Wireshark has to step back even in a pipe.
    local start = file:read(1024)
    local made = type(start) == "string" and #start >= 24 and new_engine()
    if not made then return end
    local is_found, link, may_be_air, has_keys = made:beside(start)
    prepared, known_link = is_found and made or nil, link
    if is_found or link then extractors.interface, extractors.encapsulation, extractors.epoch = nil, nil, nil end
    if not (may_be_air and may_decrypt_air()) then extractors.ip, extractors.ipv6 = nil, nil end
    if not (has_keys or has_tls_keys()) then extractors.tls, extractors.sip = nil, nil end
    collectgarbage()
end

local function register_reader()
    local reader = FileHandler.new("Airtone (reads headers only)", "airtone_header", "Header of a pcap", "rms")
    function reader.read_open(file)
        -- In a live capture the fields have been asked for already.
        if not engine then read_header(file) end
        return false
    end
    function reader.read() return false end
    function reader.seek_read() return false end
    register_filehandler(reader)
end

if not in_window then register_reader() end

proto.init = start

-- Reports ---------------------------------------------------------------------------------------------------

local WIDTH = 120
local VIEWS = { "report", "calls", "streams", "wifi", "findings" }

local function text_of(view, format)
    catch_up()
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

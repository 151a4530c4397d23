//! CSV read back with a CSV reader.

use std::collections::HashMap;

use airtone_engine::Report;
use airtone_report::View;

use crate::sample;

pub fn render(report: &Report, view: View) -> String {
    let mut out = Vec::new();
    airtone_report::csv::write(&mut out, report, view).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

type Row = HashMap<String, String>;

fn rows(table: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let row = |record: csv::StringRecord| {
        assert_eq!(record.len(), header.len());
        header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| row(record.expect("a record"))).collect()
}

/// Tables by name, as the module's documentation tells to take them apart.
fn tables(text: &str) -> HashMap<String, Vec<Row>> {
    let table = |part: &str| {
        let (name, table) = part.split_once('\n').expect("a name line");
        (name.strip_prefix("# ").expect("a name").to_owned(), rows(table))
    };
    text.split("\n\n").map(table).collect()
}

#[test]
fn views_of_one_table_are_plain_csv() {
    let report = sample::rich();
    let streams = rows(&render(&report, View::Streams));
    assert_eq!(streams.len(), report.streams.len());
    for (row, stream) in streams.iter().zip(&report.streams) {
        assert_eq!(row["id"], stream.id.to_string());
        assert_eq!(row["lost"].parse(), Ok(stream.lost));
        assert_eq!(row["lost_percent"].parse(), Ok(stream.lost_percent));
        assert_eq!(row["mos_lq"].parse().ok(), stream.mos.lq);
        assert_eq!(row["source"], stream.source.expect("a source").to_string());
    }
    let calls = rows(&render(&report, View::Calls));
    assert_eq!(calls.len(), report.calls.len());
    assert_eq!(calls[0]["outcome"], "answered");
    assert_eq!(calls[0]["streams"], "1 2");
    assert_eq!(calls[1]["outcome_code"], "486");
    assert_eq!(calls[1]["answer"], "");
    assert_eq!(rows(&render(&report, View::Findings)).len(), report.findings.len());
}

#[test]
fn wireshark_columns_are_there_when_asked_for() {
    assert!(!rows(&render(&sample::rich(), View::Streams))[0].contains_key("wireshark_lost"));
    let streams = rows(&render(&sample::with_wireshark(), View::Streams));
    assert_eq!(streams[1]["wireshark_lost"], "326");
    assert_eq!(streams[1]["wireshark_min_jitter_ms"], "-1");
}

#[test]
fn the_whole_report_is_several_named_tables() {
    let report = sample::rich();
    let tables = tables(&render(&report, View::Report));
    for (name, rows) in [
        ("calls", report.calls.len()),
        ("streams", report.streams.len()),
        ("registrations", report.sip.registrations.len()),
        ("bss", report.wifi.bss.len()),
        ("stations", report.wifi.stations.len()),
        ("findings", report.findings.len()),
    ] {
        assert_eq!(tables[name].len(), rows, "{name}");
    }
    assert_eq!(tables["bss"][0]["signal_mean_dbm"], "-62.4");
}

#[test]
fn sip_and_wifi_have_their_tables() {
    let report = sample::rich();
    let sip = tables(&render(&report, View::Sip));
    let value = |name: &str| {
        sip["statistics"].iter().find(|row| row["name"] == name).expect("a row")["value"].clone()
    };
    assert_eq!(value("INVITE"), "5");
    assert_eq!(value("486"), "1");
    assert_eq!(value("ser_percent"), "75");
    assert_eq!(value("sdd_ms"), "");
    let wifi = tables(&render(&report, View::Wifi));
    assert_eq!(wifi["outages"][1]["cause"], "ap_restart");
    assert_eq!(wifi["roams"][0]["gap_ms"], "412");
}

//! Commands that read nothing: schema, completions, and the tshark commands that make exports.

use std::process::ExitCode;

use airtone_engine::Report;
use clap::CommandFactory;
use schemars::generate::SchemaSettings;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output;

/// `tshark-post schema`
pub(crate) fn schema() -> Result<ExitCode, Failure> {
    // As it is written: every field is there, unknown ones as null.
    let schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Report>();
    output::write(None, |out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// `tshark-post completions`
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(shell, &mut command, "tshark-post", &mut script);
    output::write(None, |out| out.write_all(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// `tshark-post export-fields`
pub(crate) fn export_fields() -> Result<ExitCode, Failure> {
    let commands = export_commands();
    output::write(None, |out| out.write_all(commands.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}

/// The command lines that make exports with all that the report needs.
fn export_commands() -> String {
    const FIELDS: &str = "frame.number frame.time_epoch frame.len ip.src ip.dst ipv6.src ipv6.dst udp.srcport \
        udp.dstport udp.payload tcp.srcport tcp.dstport tcp.seq_raw tcp.payload rtp.ssrc rtp.seq rtp.timestamp \
        rtp.p_type rtp.marker sip.Request-Line sip.Status-Line sip.Via sip.From sip.To sip.Call-ID sip.CSeq \
        sip.Contact sip.Expires wlan.fc wlan.bssid wlan.ta wlan.fixed.timestamp wlan.fixed.beacon wlan.ssid";
    let fields: Vec<_> = FIELDS.split_whitespace().map(|field| format!("-e {field}")).collect();
    format!(
        "# Complete: every frame with its bytes and its time.\n\
         tshark -r FILE -T json -x > FILE.json\n\n\
         # The dissected fields.\n\
         tshark -r FILE -T json > FILE.json\n\
         tshark -r FILE -T ek > FILE.ek\n\
         tshark -r FILE -T pdml > FILE.pdml\n\n\
         # The same figures in the smallest file.\n\
         tshark -r FILE -T fields -E header=y -E occurrence=a {} > FILE.tsv\n",
        fields.join(" ")
    )
}

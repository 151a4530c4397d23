//! The whole report as JSON from two threads: each writes half of every chunk of calls and streams, which are
//! nearly all of a long report. The same bytes as from one thread.

use std::io::{self, BufWriter, Write};
use std::panic::resume_unwind;
use std::thread;

use airtone_engine::Report;
use serde::Serialize;

use super::{BUFFER, Layout, value};

/// Calls or streams of which the second half waits in memory until the first is written: some megabytes.
const CHUNK: usize = 2_048;
/// Fewer are written before a thread has started.
const WORTH_A_THREAD: usize = 64;

/// As [`super::write`] of the whole report, with a second thread where it is long.
///
/// # Errors
/// Those of `out`.
pub fn write_on_two_threads(out: &mut impl Write, report: &Report, layout: Layout) -> io::Result<()> {
    let Report { schema, airtone_version, capture, calls, streams, sip, wifi, findings } = report;
    let mut object = Object { out: BufWriter::with_capacity(BUFFER, out), layout, is_empty: true };
    object.field("schema", schema)?;
    object.field("airtone_version", airtone_version)?;
    object.field("capture", capture)?;
    object.list("calls", calls)?;
    object.list("streams", streams)?;
    object.field("sip", sip)?;
    object.field("wifi", wifi)?;
    object.field("findings", findings)?;
    object.end()
}

/// The outermost object on its way out.
struct Object<W: Write> {
    out: W,
    layout: Layout,
    is_empty: bool,
}

impl<W: Write> Object<W> {
    fn key(&mut self, name: &str) -> io::Result<()> {
        let before = if std::mem::take(&mut self.is_empty) { "{" } else { "," };
        match self.layout {
            Layout::Pretty => write!(self.out, "{before}\n  \"{name}\": "),
            Layout::Compact => write!(self.out, "{before}\"{name}\":"),
        }
    }

    fn field<T: Serialize>(&mut self, name: &str, of: &T) -> io::Result<()> {
        self.key(name)?;
        value(&mut self.out, of, self.layout, 1)
    }

    fn list<T: Serialize + Sync>(&mut self, name: &str, values: &[T]) -> io::Result<()> {
        if values.len() < WORTH_A_THREAD {
            return self.field(name, &values);
        }
        self.key(name)?;
        let layout = self.layout;
        self.out.write_all(b"[")?;
        for (n, chunk) in values.chunks(CHUNK).enumerate() {
            // This thread writes to the file as well.
            let (mine, others) = chunk.split_at(chunk.len() * 9 / 20);
            let text = thread::scope(|scope| {
                let other = scope.spawn(|| {
                    let mut text = Vec::new();
                    elements(&mut text, others, layout, false).map(|()| text)
                });
                elements(&mut self.out, mine, layout, n == 0)?;
                other.join().unwrap_or_else(|panic| resume_unwind(panic))
            })?;
            self.out.write_all(&text)?;
        }
        self.out.write_all(if layout == Layout::Pretty { b"\n  ]" } else { b"]" })
    }

    fn end(mut self) -> io::Result<()> {
        self.out.write_all(if self.layout == Layout::Pretty { b"\n}\n" } else { b"}\n" })?;
        self.out.flush()
    }
}

/// Elements of a list in the outermost object. `is_first`: nothing stands before them.
fn elements<T: Serialize>(
    out: &mut impl Write,
    values: &[T],
    layout: Layout,
    mut is_first: bool,
) -> io::Result<()> {
    let between: &[u8] = if layout == Layout::Pretty { b",\n    " } else { b"," };
    for element in values {
        out.write_all(&between[usize::from(std::mem::take(&mut is_first))..])?;
        value(out, element, layout, 2)?;
    }
    Ok(())
}

//! gzip, Zstandard and LZ4: the same packets as from the plain file, also when cut.

mod common;

use std::io::Write;

use airtone_capture::Input;
use common::{MICRO, Order, Pcap, drain, read, read_files, saved};

fn plain(packets: u32) -> Vec<u8> {
    let mut pcap = Pcap::new(Order::Little, MICRO, 4, 1);
    for n in 0..packets {
        let data: Vec<u8> =
            (0..200).map(|byte| (n.wrapping_mul(2_654_435_761) >> (byte % 24)) as u8).collect();
        pcap = pcap.packet(1_700_000_000 + n, n, &data);
    }
    pcap.bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).expect("memory")
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

type Compress = fn(&[u8]) -> Vec<u8>;

const ALL: [(&str, Compress); 3] = [("gzip", gzip), ("zstd", zstd), ("lz4", lz4)];

#[test]
fn whole_and_in_several_members() {
    let plain = plain(5_000);
    let (expected, _) = read(&plain);
    for (name, compress) in ALL {
        let (all, file) = read(&compress(&plain));
        assert!(all == expected, "{name}");
        assert_eq!(file.format, format!("pcap ({name})"));
        assert_eq!((file.packets, file.bytes), (5_000, plain.len() as u64));
        assert_eq!(file.warnings, [""; 0], "{name}");
        let (front, back) = plain.split_at(plain.len() / 3);
        let (all, file) = read(&[compress(front), compress(back)].concat());
        assert!(all == expected, "{name}: {} of {}", all.len(), expected.len());
        assert_eq!(file.warnings, [""; 0], "{name}");
    }
}

#[test]
fn cut_anywhere_it_gives_what_was_there_and_says_so() {
    let plain = plain(6_000);
    let (expected, _) = read(&plain);
    for (name, compress) in ALL {
        let whole = compress(&plain);
        let mut most = 0;
        for step in 1..40 {
            let length = whole.len() * step / 40;
            let (_folder, path) = saved(&whole[..length]);
            let opened = Input::open(std::slice::from_ref(&path));
            let Ok(mut input) = opened else {
                assert!(step < 8, "{name} cut at {length} gives nothing");
                continue;
            };
            let (all, file) = (drain(&mut input), input.files().remove(0));
            assert!(expected.starts_with(&all), "{name} cut at {length}");
            let told = file
                .warnings
                .iter()
                .any(|warning| warning.starts_with(&format!("the {name} stream is damaged")));
            assert!(told, "{name} cut at {length}: {:?}", file.warnings);
            assert!(
                file.warnings.iter().all(|warning| warning.ends_with("(bytes counted after decompression)"))
            );
            most = most.max(all.len());
        }
        assert!(most > 4_500, "{name}: only {most} packets before the last cut");
    }
}

#[test]
fn damage_inside_is_told() {
    let plain = plain(3_000);
    for (name, compress) in ALL {
        let mut whole = compress(&plain);
        let middle = whole.len() / 2;
        whole[middle..middle + 64].fill(0xff);
        let (all, file) = read(&whole);
        assert!(!all.is_empty() && all.len() < 3_000, "{name}: {}", all.len());
        assert!(!file.warnings.is_empty(), "{name}");
    }
}

#[test]
fn merged_with_plain_files_and_put_aside_in_between() {
    let early = Pcap::new(Order::Little, MICRO, 4, 1).packet(1, 0, b"a").packet(3, 0, b"c").bytes;
    let late = Pcap::new(Order::Big, MICRO, 4, 1).packet(2, 0, b"b").packet(4, 0, b"d").bytes;
    for (_, compress) in ALL {
        let (_a, first) = saved(&compress(&late));
        let (_b, second) = saved(&early);
        let (all, files) = read_files(&[first, second]);
        let bytes: Vec<u8> = all.iter().flat_map(|got| got.bytes().to_vec()).collect();
        assert_eq!(bytes, b"abcd");
        assert_eq!(files[0].packets, 2);
    }
}

#[test]
fn a_stream_that_holds_nothing_is_refused() {
    let (_folder, path) = saved(&gzip(b""));
    let error = Input::open(&[path]).expect_err("nothing in it");
    assert!(error.to_string().ends_with("a gzip file that cannot be decompressed: nothing in it"), "{error}");
}

//! The ladder as a page of its own.

use super::ladder::Ladder;
use super::svg::{self, Place};
use crate::markup::Markup;

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<meta name=\"viewport\" content=\"width=device-width\">\n<style>:root{color-scheme:light dark}\
body{font:16px system-ui,sans-serif;margin:1.5rem;background:Canvas;color:CanvasText}\
h1{font-size:1.375rem}figure{margin:0;overflow-x:auto}</style>\n<title>";

pub(crate) fn page(ladder: &Ladder) -> Markup {
    let mut m = Markup::new();
    m.put(HEAD).text(&ladder.title).put("</title>\n</head>\n<body>\n<h1>").text(&ladder.title);
    m.put("</h1>\n<p>").text(&ladder.story).put("</p>\n<figure>");
    m.append(&svg::draw(ladder, Place::Alone)).put("</figure>\n</body>\n</html>\n");
    m
}

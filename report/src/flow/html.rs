//! The ladder as a page of its own.

use super::ladder::Ladder;
use super::svg;

pub(crate) fn page(ladder: &Ladder) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>:root{{color-scheme:light dark}}body{{font:16px system-ui,sans-serif;margin:1.5rem;background:Canvas;\
         color:CanvasText}}figure{{margin:0;overflow-x:auto}}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{story}</p>\n\
         <figure>{svg}</figure>\n</body>\n</html>\n",
        title = svg::escape(&ladder.title),
        story = svg::escape(&ladder.story),
        svg = svg::draw(ladder),
    )
}

"""HTML of titles and descriptions becomes plain text; what only looks like HTML stays."""

import pytest

from catalog.feeds.html_text import to_plain_line, to_plain_text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (
            "<p>Long &amp; <b>warm</b></p><ul><li>wool</li><li>waist &lt; 80</li></ul>",
            "Long & warm\nwool\nwaist < 80",
        ),
        ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"),
        ("&lt;p&gt;Long&lt;/p&gt;&lt;p&gt;Warm", "Long\nWarm"),
        ("&amp;lt;p&amp;gt;Long&amp;lt;/p&amp;gt;", "Long"),
        ("A &amp;amp; B", "A & B"),
        ("caf&eacute; &#39;x&#39; &#xe9;&nbsp;y", "café 'x' é y"),
        ("<script>if (a<b) {x('</p>')}</script>text<style>p {}</style>", "text"),
        ("text<script>never closed", "text"),
        ("<!-- a <b> -->kept<!-- <p> -->", "kept"),
        ("<![CDATA[<p>Long</p>]]>", "Long"),
        ("<!DOCTYPE html><html><body>Long</body></html>", "Long"),
        ("<table><tr><td>Bust</td><td>90</td></tr><tr><td>Hip</td></tr></table>", "Bust 90\nHip"),
        ("<p title='a > b' data-x>Long</p><o:p></o:p>", "Long"),
        ("<p>one\n  two</p>\n\n<p>three</p>", "one two\nthree"),
        ("first line\nsecond <b>line</b>", "first line\nsecond line"),
        ("</p>Long<p>", "Long"),
        ("soft\u00adhyphen\u200b and \x00\x07controls", "softhyphen and controls"),
        ("<p></p>", ""),
    ],
)
def test_html_becomes_text(written: str, text: str) -> None:
    assert to_plain_text(written) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a < b",
            "100 % cotton & silk",
            "gold&copper",
            "AT&T; <3",
            "sizes <XL> and <XXL>",
            "a <b and c> d",
            "1 <2> 3",
        ),
        *("line\n\n  another", "waist<hip and hips >waist", "R&D;", "<", "&", "tab\there", '<p class="open'),
        "größe",
    ],
)
def test_text_that_is_no_html_stays(text: str) -> None:
    assert to_plain_text(text) == text


def test_a_line_has_no_line_ends() -> None:
    assert to_plain_line("<h1>Linen\tdress</h1><br>red &amp; long\n") == "Linen dress red & long"


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "<",
            "<a ",
            "<a<",
            "<!--",
            "<![CDATA[",
            "<!a",
            "<?",
            "</",
            "</b",
            "<a x=",
            '<a x="',
            "<a x='>",
            "-->",
            "<!---->",
        ),
        *(
            "<script>",
            "<b>",
            "<div>",
            "&",
            "&#",
            "&amp;",
            "&lt;",
            "&#9999999;",
            "&#xffffff;",
            "<a " + "b " * 999 + ">",
        ),
    ],
)
def test_bombs_are_read_in_linear_time(unit: str) -> None:
    """Half a megabyte is read in a moment; html.parser alone needs hours for some of these."""
    assert len(to_plain_text(unit * (500_000 // len(unit)))) <= 500_000

"""What a site looks like, whatever name it was asked under."""

from hypothesis import given
from hypothesis import strategies as st

from scanner.face import Faces, as_texts, face_of, from_texts
from scanner.web import Answer

_NAMES = st.sampled_from(["a.chu.example", "chu.example", "203.0.113.10", "2001:db8::1"])


def answer(
    body: str | bytes, *, status: int = 200, location: str = "", kind: str = "text/html"
) -> Answer:
    headers = [("Content-Type", kind), *([("Location", location)] if location else [])]
    data = body.encode() if isinstance(body, str) else body
    return Answer(target="/", status=status, headers=tuple(headers), body=data, cut=False)


def test_the_name_asked_for_is_left_out_wherever_it_stands() -> None:
    pages = [
        face_of(
            answer(
                f"<title>{name}</title><a href='https://{name}:8443/x'>{name.upper()}</a>",
                status=302,
                location=f"https://{name}:8443/?retour={name}",
            ),
            name,
            8443,
        )
        for name in ("a.chu.example", "b.chu.example")
    ]
    assert pages[0].bare == pages[1].bare
    assert pages[0].bare.redirect == "https://{name}/"
    assert pages[0].plain != pages[1].plain


def test_a_longer_name_is_another_name() -> None:
    one = face_of(answer("", status=302, location="https://www.chu.example/"), "chu.example", 443)
    assert one.bare.redirect == "https://www.chu.example/"
    two = face_of(answer("", status=302, location="https://chu.example.net/"), "chu.example", 443)
    assert two.bare.redirect == "https://chu.example.net/"


def test_tokens_and_dates_change_the_page_and_not_its_outline() -> None:
    one, two = (
        face_of(answer(f"<p>Accueil</p><!-- {n} --><input value='x{n}a'>"), "chu.example", 443).bare
        for n in (17, 9_041)
    )
    assert one.page != two.page
    assert one.outline == two.outline


def test_what_is_no_text_is_compared_byte_for_byte() -> None:
    one, two = (
        face_of(answer(body, kind="image/png"), "chu.example", 443) for body in (b"\x00", b"\x01")
    )
    assert one.bare.outline != two.bare.outline


@given(body=st.binary(max_size=2_000), own=_NAMES, kind=st.sampled_from(["text/html", "", "x"]))
def test_any_bytes_have_a_face_that_survives_the_store(body: bytes, own: str, kind: str) -> None:
    made = face_of(answer(body, kind=kind), own, 443)
    assert from_texts(as_texts(made)) == made


def test_what_was_not_kept_is_no_face() -> None:
    assert from_texts(()) is None
    assert from_texts(("200", "", "")) is None
    assert from_texts(as_texts(Faces())) == Faces()


def test_long_runs_cost_no_more_than_their_length() -> None:
    for unit in ("a", "a1", "-", "<!--", "chu.example", "chu.", "[::1"):
        face_of(answer(unit * (131_072 // len(unit))), "chu.example", 443)

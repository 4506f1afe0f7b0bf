"""Files made at random tile exactly, agree with the oracle, and read back as what they are."""

from __future__ import annotations

import base64
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from inventory_case import HEADER, KEY, LOOSE, Count, account, digests
from inventory_oracle import Oracle
from support.series import sample

words = st.text(alphabet="abcéàœ€ <>&\"'|()\\\u0301\u2028", max_size=12)
names = st.sampled_from(
    ["cd", "id", "text", "author", "date", "regimen", "foo", "content", "text-with-layout"]
)
gaps = st.sampled_from(["", "", " ", "\n\t", "<!-- c -->", "<?pi x?>", "\r\n"])


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@st.composite
def leaf(draw, name=None):
    name = name or draw(names)
    attributes = draw(
        st.dictionaries(st.sampled_from(["S", "SL", "SV", "L", "DN", "URL", "x:y"]), words, max_size=3)
    )
    text = draw(words)
    written = "".join(f' {k}="{escape(v)}"' for k, v in attributes.items())
    if not text and draw(st.booleans()):
        return f"<{name}{written}/>"
    body = f"<![CDATA[{text}]]>" if draw(st.booleans()) and "]]>" not in text else escape(text)
    return f"<{name}{written}>{body}</{name}>"


@st.composite
def lnk(draw):
    content = draw(st.binary(max_size=40))
    encoded = base64.b64encode(content).decode()
    if draw(st.booleans()):
        encoded = "\n".join(encoded[i : i + 7] for i in range(0, len(encoded), 7))
    url = draw(st.sampled_from(["", ' URL="//item[id[@SL=&quot;MF-ID&quot; and .=&quot;a&quot;]]"']))
    return f'<lnk TYPE="multimedia"{url}>{encoded}</lnk>'


@st.composite
def block(draw, depth=0):
    kind = draw(
        st.sampled_from(
            ["transaction"] if depth == 0 else ["item", "heading", "transaction"] if depth < 3 else ["item"]
        )
    )
    inside = [leaf(), lnk(), leaf("text"), leaf("text-with-layout")]
    if depth < 3:
        inside.append(block(depth + 1))
    parts = draw(st.lists(st.one_of(*inside), max_size=4))
    if draw(st.booleans()):
        parts.append(f"<content>{draw(gaps)}{draw(lnk())}{draw(leaf())}</content>")
    return f"<{kind}>" + "".join(part + draw(gaps) for part in parts) + f"</{kind}>"


@st.composite
def document(draw):
    folders = []
    for _ in range(draw(st.integers(1, 2))):
        fields = "".join(draw(st.lists(leaf(), max_size=3)))
        blocks = "".join(b + draw(gaps) for b in draw(st.lists(block(), max_size=3)))
        extra = draw(st.sampled_from(["", "<text>t</text>", "<lnk>YQ==</lnk>"]))
        folders.append(
            f"<folder>{draw(gaps)}<id S='ID-KMEHR'>1</id><patient>{fields}</patient>{blocks}{extra}</folder>"
        )
    body = "".join(draw(gaps) + f for f in folders)
    return f'<?xml version="1.0"?>{draw(gaps)}<kmehrmessage xmlns:x="urn:x">{HEADER}{body}</kmehrmessage>{draw(gaps)}'


@settings(max_examples=sample(150, 50), deadline=None)
@given(document(), st.integers(1, 200))
def test_random_files(text, piece):
    content = text.encode()
    count = Count(content)
    count.check(content)
    oracle = Oracle(content, KEY)
    units = [(r["unit"], r["kind"], r["digest"]) for r in count.rows if r["kind"] not in LOOSE]
    assert sorted(units) == sorted(oracle.units)
    # The message declares a namespace that nobody knows.
    assert {unit: kind for unit, (kind, _) in count.loose.items()} == dict.fromkeys(
        oracle.remarks | {"1/1.0"}, "remark"
    )
    assert digests(account(content, piece)) == count.facts


@settings(max_examples=sample(80, 26), deadline=None)
@given(document(), st.randoms(use_true_random=False))
def test_random_damage_never_leaves_a_byte_unowned(text, chance: random.Random):
    """Whatever the bytes: a tiling that adds up, or one of our refusals."""
    content = bytearray(text.encode())
    for _ in range(chance.randint(1, 4)):
        content[chance.randrange(len(content))] = chance.choice(b"<>\x00\x04\xe9\xff&;/ a")
    from schemas.errors import SourceError

    try:
        count = Count(bytes(content))
    except SourceError:
        return
    count.check(bytes(content))

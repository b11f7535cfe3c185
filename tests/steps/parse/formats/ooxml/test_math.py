"""Formulas in a line."""

import pytest
from lxml import etree

from ingest.steps.parse.formats.ooxml.math import math_text

_NAMESPACE = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def t(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def fraction(top: str, bottom: str, properties: str = "") -> str:
    return f"<m:f>{properties}<m:num>{top}</m:num><m:den>{bottom}</m:den></m:f>"


def scripts(base: str, lower: str = "", upper: str = "") -> str:
    name = "sSubSup" if lower and upper else "sSub" if lower else "sSup"
    sub = f"<m:sub>{lower}</m:sub>" if lower else ""
    sup = f"<m:sup>{upper}</m:sup>" if upper else ""
    return f"<m:{name}><m:e>{base}</m:e>{sub}{sup}</m:{name}>"


def text_of(formula: str) -> str:
    return math_text(etree.fromstring(f'<m:oMath xmlns:m="{_NAMESPACE}">{formula}</m:oMath>'))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (fraction(t("alpha"), t("beta")) + scripts(t("x"), upper=t("2")), "alpha/beta x²"),
        (fraction(t("a+b"), t("2a")), "(a+b)/(2a)"),
        (t("2") + fraction(t("1"), t("2")), "2 1/2"),
        (scripts(t("x"), t("i"), t("2")) + t("+1"), "xᵢ²+1"),
        (scripts(t("x"), t("max")) + t("y"), "x_max y"),
        (scripts(t("e"), upper=t("-kt")), "e^(-kt)"),
        (scripts(f"<m:d><m:e>{t('a+b')}</m:e></m:d>", upper=t("n")), "(a+b)ⁿ"),
        (f"<m:rad><m:radPr><m:degHide/></m:radPr><m:deg/><m:e>{t('x+1')}</m:e></m:rad>", "√(x+1)"),
        (f"<m:rad><m:deg>{t('3')}</m:deg><m:e>{t('x')}</m:e></m:rad>", "∛x"),
        (f"<m:rad><m:deg>{t('n')}</m:deg><m:e>{t('x')}</m:e></m:rad>", "ⁿ√x"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{t("i=1")}</m:sub><m:sup>{t("n")}</m:sup>'
            f"<m:e>{t('i')}</m:e></m:nary>",
            "∑ᵢ₌₁ⁿ i",
        ),
        (f"<m:nary><m:sub>{t('0')}</m:sub><m:sup>{t('1')}</m:sup><m:e>{t('f(x)dx')}</m:e></m:nary>", "∫₀¹ f(x)dx"),
        (
            f'<m:d><m:dPr><m:begChr m:val="{{"/><m:endChr m:val=""/></m:dPr><m:e><m:eqArr><m:e>{t("x")}</m:e>'
            f"<m:e>{t('y')}</m:e></m:eqArr></m:e></m:d>",
            "{x; y",
        ),
        (f"<m:d><m:e>{t('a')}</m:e><m:e>{t('b')}</m:e></m:d>", "(a|b)"),
        (f"<m:func><m:fName>{t('sin')}</m:fName><m:e>{t('x')}</m:e></m:func>", "sin x"),
        (
            f"<m:func><m:fName><m:limLow><m:e>{t('lim')}</m:e><m:lim>{t('x→0')}</m:lim></m:limLow></m:fName>"
            f"<m:e>{t('f')}</m:e></m:func>",
            "lim_(x→0) f",
        ),
        (
            f"<m:m><m:mr><m:e>{t('1')}</m:e><m:e>{t('2')}</m:e></m:mr><m:mr><m:e>{t('3')}</m:e><m:e>{t('4')}</m:e></m:mr></m:m>",
            "[1, 2; 3, 4]",
        ),
        (f'<m:acc><m:accPr><m:chr m:val="⃗"/></m:accPr><m:e>{t("v")}</m:e></m:acc>', "v⃗"),
        (f"<m:acc><m:e>{t('AB')}</m:e></m:acc>", "AB"),
        (t("𝑥") + t("\u2062y"), "xy"),
        (f"<m:sPre><m:sub>{t('6')}</m:sub><m:sup>{t('14')}</m:sup><m:e>{t('C')}</m:e></m:sPre>", "₆¹⁴C"),
        ("<m:f><m:num/></m:f>", "/"),
    ],
)
def test_a_formula_reads_in_a_line(formula: str, text: str) -> None:
    assert text_of(formula) == text


def test_deep_formulas_are_read_without_structure() -> None:
    formula = t("x")
    for _ in range(90):
        formula = f"<m:rad><m:e>{formula}</m:e></m:rad>"

    assert "x" in text_of(formula)

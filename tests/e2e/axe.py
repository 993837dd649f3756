"""What axe (https://github.com/dequelabs/axe-core) finds wrong with a page, by the rules of WCAG 2.2 A and AA."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOCUS_GUARDS = 'div[role="region"] > span[aria-hidden="true"][tabindex="0"]'
"""Of the library's messages: whoever tabs onto one is inside or outside of the messages at once."""

ARRIVED = """() => Promise.allSettled(
    document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < 1000).map((a) => a.finished)
)"""
"""What is only half faded in has no contrast yet."""


@cache
def _source() -> str:
    return SOURCE.read_text()


def violations(page: Page) -> list[str]:
    """Return one line per element that breaks a rule, shadow roots included; none is what we want."""
    # Evaluated by the browser's own protocol, so the page's policy does not stand in the way.
    page.evaluate(_source())
    page.evaluate(f"({ARRIVED})()")
    found: list[str] = page.evaluate(
        """async ([rules, exclude]) => {
        const { violations } = await axe.run({ exclude }, { runOnly: rules })
        return violations.flatMap(({ id, help, nodes }) =>
            nodes.map(({ target, failureSummary }) => `${id} (${help}): ${target.join(' ')} ${failureSummary}`))
    }""",
        [RULES, [FOCUS_GUARDS]],
    )
    return found

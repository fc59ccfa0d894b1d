"""Does the world get the app's page?"""

import re

import pytest
from judgement import listing, require


@pytest.mark.needs("NGINX=site in root mode")
def test_page(answers, bundle):
    """nginx on port 80 answers with the app's page"""
    page, direct = answers.pages["nginx"], answers.pages["gunicorn"]
    missing = _lasting_words(direct, answers.pages["gunicorn_again"]) - _words(page)
    require(
        page.get("status") is not None and page["status"] == direct.get("status") and not missing,
        expected=f"the page that gunicorn gives (status {direct.get('status', direct.get('error'))})",
        found=page.get("error") or f"status {page['status']}, a page without: {listing(missing)}",
        remedy=f"see nginx -t and /etc/nginx/conf.d/{bundle.name}.conf; activate the release again",
    )


def _lasting_words(*pages):
    """What a page says each time it is asked for: some pages hold a clock or a token."""
    return set.intersection(*map(_words, pages))


def _words(page):
    return set(re.split(r"[\s<>\",]+", page.get("page", "")))

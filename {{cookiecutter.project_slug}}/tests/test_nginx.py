"""Does the world get the app's page?"""

import re

import pytest
from judgement import listing, require


@pytest.mark.needs("NGINX=site in root mode")
@pytest.mark.tool("nginx")
def test_page(answers, bundle):
    """nginx on port 80 answers with the app's page"""
    page, direct = answers.pages["nginx"], answers.pages["gunicorn"]
    missing = _lasting_words(direct, answers.pages["gunicorn_again"]) - _words(page)
    require(
        page.get("status") is not None and page["status"] == direct.get("status") and not missing,
        expected=f"the page that gunicorn gives (status {direct.get('status', 'unknown')})",
        found=page.get("error") or f"status {page['status']}, a page without: {listing(missing)}",
        remedy=f"where another site answers (nginx -T), give each a SERVER_NAME; else see nginx -t and "
        f"/etc/nginx/conf.d/{bundle.name}.conf, and activate the release again",
    )


@pytest.mark.needs("NGINX=site in root mode")
@pytest.mark.tool("nginx")
def test_health(box, bundle, answers):
    """nginx on port 80 answers the health path with 200"""
    answer = answers.pages["nginx_health"]
    require(
        answer.get("status") == 200,
        expected=f"200 from http://127.0.0.1{bundle.health_path}, asked for {box.host}",
        found=answer.get("status", answer.get("error")),
        remedy=f"see nginx -T for what else answers to {box.host}",
    )


def _lasting_words(*pages):
    """What a page says each time it is asked for: some pages hold a clock or a token."""
    return set.intersection(*map(_words, pages))


def _words(page):
    return set(re.split(r"[\s<>\",]+", page.get("page", "")))

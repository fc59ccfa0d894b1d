"""The app's own test: `python test.py`. A release whose test fails is not put in service."""

import os
import shutil
import tempfile
import unittest

from app import app, read_version


class RoutesTest(unittest.TestCase):
    def setUp(self):
        self.client = app.test_client()

    def test_index_shows_the_version(self):
        response = self.client.get("/")
        self.assertEqual(response.status_code, 200)
        self.assertIn("<b>" + read_version() + "</b>", response.data.decode("utf-8"))

    def test_health_is_ok(self):
        response = self.client.get("/health")
        self.assertEqual((response.status_code, response.data), (200, b"ok"))
        self.assertEqual(response.mimetype, "text/plain")

    def test_version_is_the_releases(self):
        response = self.client.get("/version")
        self.assertEqual((response.status_code, response.data.decode("utf-8")), (200, read_version()))


class ReadVersionTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.bundle = os.path.join(self.directory, "BUNDLE")

    def test_reads_the_bundle(self):
        with open(self.bundle, "w") as bundle:
            bundle.write("FORMAT=1\nNAME=app\nVERSION=2018.1-rc_1\nPYTHON=3.11.2\n")
        self.assertEqual(read_version(self.bundle), "2018.1-rc_1")

    def test_is_dev_outside_a_release(self):
        self.assertEqual(read_version(self.bundle), "dev")


if __name__ == "__main__":
    unittest.main()

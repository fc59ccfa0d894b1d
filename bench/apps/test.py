"""The own test of each app here, as every app has one."""

import unittest

from app import VERSION, app


class IndexTest(unittest.TestCase):
    def test_index_shows_the_version(self):
        response = app.test_client().get("/")
        self.assertEqual((response.status_code, response.data.decode()), (200, VERSION))


if __name__ == "__main__":
    unittest.main()

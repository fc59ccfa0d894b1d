"""The ways to bring a Python web app to a machine without a network, one a module."""

from contenders.article import Article
from contenders.ours import Ours
from contenders.pex import Pex
from contenders.pyinstaller import PyInstallerDirectory, PyInstallerFile
from contenders.shiv import Shiv
from contenders.venv_pack import VenvPack

ALL = (Ours, Pex, Shiv, VenvPack, PyInstallerDirectory, PyInstallerFile, Article)

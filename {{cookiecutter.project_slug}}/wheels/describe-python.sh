#!/usr/bin/env bash
# describe-python.sh: notes the version and the ABI tag (PEP 425) that an interpreter itself tells, such as "2.7.18 cp27mu".
#
# Usage: describe-python.sh
# Environment:
#   SHIPPED   tree of the interpreter
#   OUTPUT    directory that receives the file description
# Exit codes: 0 done; otherwise those of the interpreter.
set -Eeuo pipefail

# SOABI came with 3.2; before, pymalloc ("m") is the default and sys.maxunicode tells a wide Unicode ("u").
readonly DESCRIPTION='
import platform, sys, sysconfig
abi = "cp%d%d" % sys.version_info[:2]
soabi = sysconfig.get_config_var("SOABI")
if soabi:
    abi = "cp" + soabi.split("-")[1]
elif sys.version_info[0] == 2:
    abi += ("m" if sysconfig.get_config_var("WITH_PYMALLOC") != 0 else "") + ("u" if sys.maxunicode > 65535 else "")
print("%s %s" % (platform.python_version(), abi))
'

main() {
  "$SHIPPED/bin/python" -E -s -B -c "$DESCRIPTION" >"$OUTPUT/description"
}

main

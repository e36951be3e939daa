"""Render network-data with every given renderer: convert.py OUT DISTRIBUTION:RENDERER,... FILE...

What a renderer writes for FILE lands below OUT/FILE/DISTRIBUTION-RENDERER. One process does all, since starting
cloud-init takes longer than its work.
"""

import os
import sys

from cloudinit.cmd.devel import net_convert

out, renderers, files = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
for path in files:
    for pair in renderers:
        distribution, renderer = pair.split(":")
        target = os.path.join(out, os.path.basename(path), distribution + "-" + renderer)
        os.makedirs(target)
        arguments = ["-p", path, "-k", "yaml", "-d", target, "-D", distribution, "-O", renderer]
        net_convert.handle_args("net-convert", net_convert.get_parser().parse_args(arguments))

"""Print as JSON what cloud-init makes of user-data: the merged cloud-config, and the scripts it would run."""

import json
import os
import sys
import tempfile

from cloudinit import handlers, helpers, settings, user_data
from cloudinit.handlers.boot_hook import BootHookPartHandler
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
from cloudinit.handlers.jinja_template import JinjaTemplatePartHandler
from cloudinit.handlers.shell_script import ShellScriptPartHandler

INSTANCE = {
    "v1": {"instance_id": "i-judge", "distro": "sles"},
    "ds": {"meta_data": {"local_hostname": "vm-judge"}},
}


def part_handlers(paths):
    known = helpers.ContentHandlers()
    config = CloudConfigPartHandler(paths)
    script = ShellScriptPartHandler(paths)
    for handler in (config, script, JinjaTemplatePartHandler(paths, sub_handlers=[config, script])):
        known.register(handler, initialized=True)
    hooks = BootHookPartHandler(paths, None)
    hooks._write_part = lambda payload, filename: None
    hooks.handle_part = lambda data, ctype, filename, payload, *rest: scripts.append(payload)
    known.register(hooks, initialized=True)
    script.handle_part = lambda data, ctype, filename, payload, *rest: scripts.append(payload)
    return known, config


scripts = []
with tempfile.TemporaryDirectory() as root:
    paths = helpers.Paths({"cloud_dir": root, "run_dir": root, "templates_dir": root})
    with open(paths.get_runpath("instance_data"), "w") as out:
        json.dump(INSTANCE, out)
    with open(paths.get_runpath("instance_data_sensitive"), "w") as out:
        json.dump(INSTANCE, out)
    with open(sys.argv[1], "rb") as data:
        message = user_data.UserDataProcessor(paths).process(data.read())
    known, config = part_handlers(paths)
    walk = {
        "handlers": known,
        "handlerdir": os.path.join(root, "handlers"),
        "data": None,
        "frequency": settings.PER_INSTANCE,
        "handlercount": 0,
        "excluded": [],
    }
    handlers.walk(message, handlers.walker_callback, data=walk)
    json.dump({"config": config.cloud_buf, "scripts": scripts}, sys.stdout, default=str)

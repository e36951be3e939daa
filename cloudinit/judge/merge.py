"""Print as JSON, a line per file, what cloud-init makes of user-data: merged cloud-config, users, scripts it would run."""

import copy
import json
import os
import sys
import tempfile

from cloudinit import handlers, helpers, settings, user_data
from cloudinit.distros import ug_util
from cloudinit.handlers.boot_hook import BootHookPartHandler
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
from cloudinit.handlers.jinja_template import JinjaTemplatePartHandler
from cloudinit.handlers.shell_script import ShellScriptPartHandler

INSTANCE = {
    "v1": {"instance_id": "i-judge", "distro": "sles"},
    "ds": {"meta_data": {"local_hostname": "vm-judge"}},
}


class Distro:
    """An image whose own user is called image-user."""

    def get_default_user(self):
        return {"name": "image-user"}


def part_handlers(paths, scripts):
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


def boot(path):
    scripts = []
    with tempfile.TemporaryDirectory() as root:
        paths = helpers.Paths({"cloud_dir": root, "run_dir": root, "templates_dir": root})
        for name in ("instance_data", "instance_data_sensitive"):
            with open(paths.get_runpath(name), "w") as out:
                json.dump(INSTANCE, out)
        with open(path, "rb") as data:
            message = user_data.UserDataProcessor(paths).process(data.read())
        known, config = part_handlers(paths, scripts)
        walk = {
            "handlers": known,
            "handlerdir": os.path.join(root, "handlers"),
            "data": None,
            "frequency": settings.PER_INSTANCE,
            "handlercount": 0,
            "excluded": [],
        }
        handlers.walk(message, handlers.walker_callback, data=walk)
    users, _ = ug_util.normalize_users_groups(copy.deepcopy(config.cloud_buf), Distro())
    return {"config": config.cloud_buf, "users": users, "scripts": scripts}


for path in sys.argv[1:]:
    print("outcome:" + json.dumps(boot(path), default=str))

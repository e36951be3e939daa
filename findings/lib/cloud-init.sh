# Sourced by the findings about cloud-init: unpacks Debian 13's cloud-init and the Python that it runs on.
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

# guest_python runs the tree's Python.
guest_python() {
	PYTHONHOME="$work/tree/usr" PYTHONPATH="$work/tree/usr/lib/python3/dist-packages" PYTHONDONTWRITEBYTECODE=1 \
		unpacked python3.13 "$@"
}

cloud_init() {
	guest_python -m cloudinit.cmd.main "$@"
}

# convert DISTRO RENDERER renders network.yaml below out/RENDERER, as cloud-init does at a guest's first boot.
convert() {
	mkdir -p "out/$2"
	cloud_init devel net-convert -p network.yaml -k yaml -d "out/$2" -D "$1" -O "$2" >"out/$2.log" 2>&1 ||
		{ cat "out/$2.log"; exit 1; }
}

unpack cloud-init=25.1.4-1+deb13u1 \
	libc6 zlib1g libexpat1 libffi8 libssl3t64 liblzma5 libbz2-1.0 libyaml-0-2 libzstd1 \
	libpython3.13-minimal libpython3.13-stdlib python3.13-minimal \
	python3-yaml python3-jinja2 python3-markupsafe python3-configobj python3-jsonpatch python3-json-pointer \
	python3-jsonschema python3-jsonschema-specifications python3-referencing python3-rpds-py python3-attr \
	python3-typing-extensions python3-requests python3-urllib3 python3-certifi python3-idna \
	python3-charset-normalizer python3-chardet python3-oauthlib python3-serial

#!/bin/sh
echo "a script" > /root/marker

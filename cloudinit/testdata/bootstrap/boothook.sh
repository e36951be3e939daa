#cloud-boothook
#!/bin/sh
echo "a boothook" > /root/marker

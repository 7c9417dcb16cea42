"""Proof under fault: processes killed, disks full, servers restarted, connections cut, clocks that jump."""

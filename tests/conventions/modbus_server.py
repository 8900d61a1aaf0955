"""A Modbus device by pymodbus: PORT, and for Modbus/TCP Security a FOLDER of certificates.

Has 32 coils from 0 and 8 registers from 100, and prints what is written to them.
"""

import ssl
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartTcpServer, StartTlsServer
from pymodbus.transaction import ModbusSocketFramer


class Shown(ModbusSequentialDataBlock):
    """Values that are printed when they are written."""

    def __init__(self, kind, first, count):
        self.kind = None
        super().__init__(first, [0] * count)
        self.kind = kind

    def setValues(self, address, values):  # noqa: N802
        super().setValues(address, values)
        if self.kind:
            print(self.kind, address, *(int(value) for value in values), flush=True)


device = ModbusSlaveContext(co=Shown("coils", 0, 32), hr=Shown("registers", 100, 8), zero_mode=True)
how = {
    "context": ModbusServerContext(slaves={9: device}, single=False),
    "address": ("127.0.0.1", int(sys.argv[1])),
    # It is started anew at once, where connections of before may linger.
    "allow_reuse_address": True,
}
if len(sys.argv) == 2:
    StartTcpServer(**how)
else:
    folder = sys.argv[2]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{folder}/router.pem", f"{folder}/router-key.pem")
    tls.load_verify_locations(f"{folder}/ca.pem")
    # Both sides show who they are, and the frame in TLS is the one of Modbus TCP.
    tls.verify_mode = ssl.CERT_REQUIRED
    StartTlsServer(sslctx=tls, framer=ModbusSocketFramer, **how)

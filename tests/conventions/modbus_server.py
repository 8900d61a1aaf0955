"""A Modbus device by pymodbus: PORT. Has 32 coils from 0 and 8 registers from 100, and prints what is written to them."""

import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartTcpServer


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
StartTcpServer(
    context=ModbusServerContext(slaves={9: device}, single=False),
    address=("127.0.0.1", int(sys.argv[1])),
    # It is started anew at once, where connections of before may linger.
    allow_reuse_address=True,
)

from tsock.gateway.traffic import Outgoing as Outgoing
from tsock.gateway.traffic import Traffic as Traffic
from tsock.gateway.traffic import send_to_all as send_to_all
from tsock.wire.frame_reader import FrameReader as FrameReader

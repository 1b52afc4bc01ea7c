import time
import pytest
from launch_service_node import srv
@pytest.mark.parametrize('n', range(6))
def test_x(robot, caller,n):
    a=time.monotonic()
    node=robot.node()
    b=time.monotonic()
    c=caller.node.create_client(srv.ListProcesses,'/robot1/launch_service/list_processes')
    c.wait_for_service(10)
    d=time.monotonic()
    f=c.call_async(srv.ListProcesses.Request()); caller.finish(f)
    e=time.monotonic()
    f=c.call_async(srv.ListProcesses.Request()); caller.finish(f)
    g=time.monotonic()
    print('\n start %.2f wait %.2f call %.3f %.3f'%(b-a,d-b,e-d,g-e))
